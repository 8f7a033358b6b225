"""README and CONTRIBUTING keep what they promise: their code runs, their links and make targets exist."""

import doctest
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from zoo.datasets import cache, list_datasets

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
# `path/of/the/file.py` on a line of its own, then its content.
EXAMPLES = dict(re.findall(r"^`([\w/]+\.py)`\n\n```python\n(.*?)^```", CONTRIBUTING, re.M | re.S))


def python(*arguments, **options):
    env = {**os.environ, "KERAS_BACKEND": "jax", **options.pop("env", {})}
    return subprocess.run([sys.executable, *map(str, arguments)], capture_output=True, text=True, timeout=540, env=env, **options)


# Modules, by where they are imported from, whose docstrings have examples.
PACKAGES = {"zoo": "zoo", "datasets": "zoo.datasets", "reproductions": "zoo.reproductions"}
SHOWN = sorted(
    ".".join([package, *path.relative_to(ROOT / folder).with_suffix("").parts]).removesuffix(".__init__")
    for folder, package in PACKAGES.items()
    for path in (ROOT / folder).rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)


def a_photo():
    """A one, in ink on paper."""
    photo = Image.new("L", (300, 400), 255)
    photo.paste(0, (140, 60, 165, 340))
    return photo


@pytest.mark.parametrize("name", SHOWN)
def test_the_examples_of_docstrings_work(name, tmp_path, monkeypatch):
    import keras

    import zoo

    own = tmp_path / "cache"  # where what an example adds stays; the zoo's own data sets lie where they are
    own.mkdir()
    for prepared in filter(Path.is_dir, cache.root().glob("[!.]*")):
        (own / prepared.name).symlink_to(prepared)
    monkeypatch.setenv("ZOO_DATA_DIR", str(own))
    monkeypatch.chdir(tmp_path)
    a_photo().save("photo.png")
    Image.new("RGB", (640, 480)).save("digit.png")
    module = importlib.import_module(name)
    examples = doctest.DocTestFinder(exclude_empty=True).find(module, extraglobs={"zoo": zoo, "keras": keras})
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    assert [example.name for example in examples if runner.run(example).failed] == [] and runner.tries


# What must hold after each of the README's examples, in their order.
HOLDS = {
    "population": "len(history) == 4 * 10 and model.count_params() > 0 and 'accuracy' in history",
    "comparison": "spared.n == 5 and 0 < spared.low < spared.estimate < spared.high < 10",
    "pre-training": "list(layers) == ['encoder_1', 'encoder_2'] and population.evaluate(*data.test).accuracy.min() > 0.7",
    "fine-tuning": "scores['accuracy'] > 0.95 and zoo.model_card('even_or_odd')['class_names'] == ['even', 'odd']",
    "picture": "pixels.shape == (28, 28) and done[0].startswith('Inverted') and done == found['done'] and best['class'] == '1'",
    "halves": "codes.shape == (5, 30) and pictures.shape == (5, 28, 28)",
    "numbers": "runs.seed.nunique() == 5 and len(table) >= 18 and set(verdicts.verdict) >= {'reproduced', 'undecided'}"
    " and open('figure.pdf', 'rb').read(5) == b'%PDF-'",
}


@pytest.mark.parametrize("place, holds", list(enumerate(HOLDS.values())), ids=list(HOLDS))
def test_readme_examples_run(tmp_path, place, holds):
    a_photo().save(tmp_path / "photo.png")
    example = re.findall(r"```python\n(.*?)```", README, re.S)[place]
    script = tmp_path / "example.py"
    script.write_text(f"{example}\nassert {holds}\n")
    done = python(script, cwd=tmp_path, env={"ZOO_RESULTS_DIR": str(ROOT / "results")})  # as in a checkout
    assert done.returncode == 0, done.stderr


def test_every_readme_example_is_run():
    assert README.count("```python") == len(HOLDS)


def anchors(page):
    """What a page's headings are called in links, as GitHub makes it of them."""
    headings = re.findall(r"^#+ (.+)$", page, re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", [README, CONTRIBUTING], ids=["README", "CONTRIBUTING"])
def test_links_lead_somewhere(document):
    for target, place in re.findall(r"\]\(([^)\s#]*)#?([^)\s]*)\)", document):
        if "://" not in target:
            path = ROOT / target
            assert path.exists(), target
            page = path.read_text(encoding="utf-8") if target and place else document
            assert not place or place in anchors(page), (target, place)


def test_what_is_cited_is_this_version():
    cited = dict(re.findall(r"^([a-z-]+): (.+)$", (ROOT / "CITATION.cff").read_text(encoding="utf-8"), re.M))
    named = dict(re.findall(r"^(\w+) = (.+)$", (ROOT / "setup.cfg").read_text(encoding="utf-8"), re.M))
    assert (cited["version"], cited["license"]) == (named["version"], named["license_expression"])
    assert "[CITATION.cff](CITATION.cff)" in README


def test_the_table_of_models_has_every_model_and_preset_in_its_place():
    table = re.findall(r"^\| \[(\w+)\]\(zoo/models/(\w+)\.py\) \|.*\| (.*) \|$", README, re.M)
    assert sorted(name for name, _, _ in table) == sorted(path.stem for path in (ROOT / "zoo/models").glob("[!_]*.py"))
    shipped = {path.parent.name: json.loads(path.read_text())["model"] for path in ROOT.glob("zoo/pretrained/*/config.json")}
    shown = {preset: name for name, _, presets in table for preset in re.findall(r"\[(\w+)\]", presets)}
    assert shown == shipped and all(name == file for name, file, _ in table)


def test_the_table_of_data_sets_has_every_one():
    table = README.partition("\n## Data\n")[2].partition("\n## ")[0]
    named = [name for row in re.findall(r"^\| [^|]+ \| (`.*) \|$", table, re.M) for name in re.findall(r"`(\w+)`", row)]
    assert sorted(named) == sorted(list_datasets())


def test_make_targets_that_are_named_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"^ {4}make ([a-z-]+)", README + CONTRIBUTING, re.M))
    assert {"reproduce", "test"} <= named
    for target in named:
        assert re.search(rf"^{target}:", makefile, re.M), target


def test_make_help_lists_the_targets():
    done = subprocess.run(["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert {"reproduce", "test", "test-slow", "benchmark", "clean"} <= set(re.findall(r"^make ([a-z-]+)", done.stdout, re.M))


def test_commands_of_the_readme_exist():
    from typer.main import get_command

    from zoo.cli.app import build

    commands = get_command(build()).commands
    for words in re.findall(r"^ {4}zoo ([^#\n]+)", README, re.M):
        first, *rest = words.removeprefix("--import my_models.py ").split()  # an option of zoo itself
        assert first in commands
        if hasattr(commands[first], "commands"):
            assert rest[0] in commands[first].commands
        if first == "compare":
            assert (ROOT / "results" / rest[2] / rest[0] / "comparison.csv").exists(), "the page shows what is there"


@pytest.mark.parametrize("home", ["zoo/models", "datasets", "reproductions"])
def test_examples_are_short(home):
    code = [text for path, text in EXAMPLES.items() if path.startswith(home)]
    assert 0 < sum(bool(line.strip()) for text in code for line in text.splitlines()) < 30


@pytest.fixture(scope="module")
def workshop(tmp_path_factory, copy_checkout):
    """(copy of the repository with the examples in it, environment in which that copy is what is installed)."""
    folder = tmp_path_factory.mktemp("workshop")
    copy, site = copy_checkout(folder / "copy"), folder / "site"
    for path, code in EXAMPLES.items():
        (copy / path).parent.mkdir(exist_ok=True)
        (copy / path).write_text(code)
    for name in ("README.md", "CITATIONS.bib", "TAGS.txt"):
        shutil.copy(ROOT / "datasets/digits" / name, copy / "datasets/stripes" / name)
    # Installed, not linked: packaging must find what was added, too.
    built = python("-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target", site, copy)
    assert built.returncode == 0, built.stderr
    return copy, {"PYTHONPATH": str(site), "ZOO_DATA_DIR": str(folder / "data")}


def test_a_model_of_ones_own_is_tuned_and_judged_as_those_of_the_zoo(workshop, tmp_path):
    copy, environment = workshop
    claim, out = copy / "own" / "maxout_climbs.py", tmp_path / "mine"
    done = python(
        "-m",
        "zoo",
        "--import",
        claim,
        "reproduce",
        "maxout_climbs",
        "--budget",
        "smoke",
        "--out",
        out,
        cwd=tmp_path,
        env=environment,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    page = (out / "smoke" / "maxout_climbs" / "comparison.md").read_text()
    assert "On digits the test error of maxout (64 units) is" in page and "Advantage of the former, paired over" in page


def test_examples_pass_the_checks_of_their_kind(workshop, tmp_path):
    copy, environment = workshop
    kinds = {"model": "maxout", "dataset": "stripes", "reproduction": "width_helps"}
    checks = [copy / f"tests/test_every_{kind}.py" for kind in kinds]
    # Not from inside the copy: Python would take its folder zoo/ for the package, without data sets and reproductions.
    options = ["-v", "-p", "no:cacheprovider", "-c", copy / "setup.cfg", "-k", " or ".join(kinds.values())]
    done = python("-m", "pytest", *options, *checks, cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    for kind, name in kinds.items():
        assert re.search(rf"test_every_{kind}\.py::\w+\[.*\b{name}\b.*\] PASSED", done.stdout), done.stdout[-4000:]
