"""`import zoo` is free: it loads nothing heavy, and leaves the choice of the Keras backend to the user.

The seconds themselves are measured by tests/benchmarks; here is what they depend on.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FRAMEWORKS = {"keras", "tensorflow", "tensorflow_datasets", "jax"}
HEAVY = FRAMEWORKS | {"numpy", "pandas", "scipy", "sklearn", "skimage", "matplotlib", "typer"}


def output_of(code, **environment):
    """What a fresh interpreter prints while it runs some code."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, env={**os.environ, **environment}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def modules_after(code, **environment):
    """Top-level modules that a fresh interpreter has loaded after running some code."""
    program = f"{code}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}}, file=sys.__stdout__)"
    return set(output_of(program, **environment).splitlines()[-1].split())


def test_import_zoo_loads_nothing_heavy():
    loaded = modules_after("import zoo")
    assert not HEAVY & loaded
    assert "email" not in loaded  # which importlib.metadata brings for the version


def test_listing_models_and_data_sets_loads_no_framework():
    loaded = modules_after(
        "import zoo; zoo.list_models(); zoo.list_presets(); zoo.model_card('linear_mnist'); zoo.datasets.list_datasets(); zoo.datasets.describe('mnist')"
    )
    assert not FRAMEWORKS & loaded


COMPARE = f"compare pretrained --budget full --out {ROOT / 'results'}"
LISTING = ["--help", "--version", "models", "datasets", "claims", "claims shallow_vs_deep", "presets", "show linear_mnist"]
LISTING += ["reproduce --help", COMPARE]


def test_commands_that_list_load_no_framework():
    """One after another in one interpreter, which says what each of them has loaded: the first that does is named."""
    code = f"""
import json, sys
from zoo.cli import main
loaded = {{}}
for command in {LISTING!r}:
    sys.argv = ["zoo", *command.split()]
    try:
        main()
    except SystemExit as end:
        assert not end.code, (command, end.code)
    loaded[command] = sorted({FRAMEWORKS!r} & {{name.partition(".")[0] for name in sys.modules}})
print(json.dumps(loaded), file=sys.__stdout__)
"""
    loaded = json.loads(output_of(code).splitlines()[-1])
    assert list(loaded) == LISTING
    assert next(((command, found) for command, found in loaded.items() if found), None) is None


def test_tables_are_made_without_a_framework():
    """Of every claim, at the budget with the fewest runs, as `zoo results rebuild` makes them, the figure aside."""
    code = f"""
from pathlib import Path
from zoo.reproductions.harness.claims import load_claim
from zoo.reproductions.harness.folder import read_folder, result_folders
from zoo.reproductions.harness.tables import compare_runs, judge_runs
folders = result_folders(Path({str(ROOT / "results")!r}))
folders.sort(key=lambda folder: -(folder / "runs.csv").stat().st_size)
for folder in {{folder.name: folder for folder in folders}}.values():
    module, runs = load_claim(folder.name), read_folder(folder)
    compare_runs(module, runs), judge_runs(module, runs, folder.parent.name)
"""
    assert not FRAMEWORKS & modules_after(code)


def test_every_module_loads_without_tensorflow():
    names = ["zoo.datasets"]
    for folder, home in (("zoo", "zoo"), ("reproductions", "zoo.reproductions")):
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(ROOT / folder).with_suffix("").parts
            names.append(".".join([home, *(part for part in parts if part != "__init__")]))
    code = "import importlib\n" + "\n".join(f"importlib.import_module({name!r})" for name in names)
    assert not {"tensorflow", "tensorflow_datasets"} & modules_after(code, KERAS_BACKEND="jax")


def test_a_population_on_jax_loads_no_tensorflow():
    """Whose import takes longer than all else here; Keras would do it to set a seed, and again to serialise a model or a schedule.

    Nor does zoo, imported first, change what the user chose.
    """
    code = """
import zoo, keras, numpy
assert keras.backend.backend() == "jax"
x, y = numpy.zeros((20, 8, 8)), numpy.zeros(20, int)
population = zoo.Population(lambda: zoo.create_model("mlp", (8, 8), 10, widths=[4], dropout=0.1), seeds=[0])
falling = keras.optimizers.schedules.CosineDecay(1e-3, 10)
population.compile(keras.optimizers.Adam(falling), keras.losses.SparseCategoricalCrossentropy(from_logits=True), ["accuracy"])
population.fit(x, y, batch_size=10, validation_data=(x, y), select="best")
population.evaluate(x, y), population[0].predict(x, verbose=0), zoo.features(population[0])
zoo.from_preset("linear_mnist")
"""
    loaded = modules_after(code, KERAS_BACKEND="jax")
    assert "keras" in loaded and "tensorflow" not in loaded


def test_reproduce_on_jax_never_loads_tensorflow(tmp_path):
    code = f"""
import sys
sys.path.insert(0, {str(ROOT / "tests")!r})
import harness_example, zoo.cli, zoo.reproductions.harness
zoo.reproductions.harness.load_claim(harness_example)
sys.argv = ["zoo", "reproduce", "harness_example", "--budget", "smoke", "--out", {str(tmp_path)!r}]
try:
    zoo.cli.main()
except SystemExit as end:
    assert not end.code, end.code
"""
    loaded = modules_after(code)
    assert "keras" in loaded and "tensorflow" not in loaded
