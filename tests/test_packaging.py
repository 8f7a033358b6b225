"""The wheel: complete, under one import root, at peace with a foreign package called `datasets`."""

import configparser
import os
import subprocess
import sys
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# Folder of the checkout -> where it lies in the package.
HOMES = {"zoo": "zoo", "datasets": "zoo/datasets", "reproductions": "zoo/reproductions"}


def run(*command, **options):
    """Run a command; on failure the assertion shows all that it printed."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=300, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory, copy_checkout):
    """The wheel of a copy of the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    run(
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "--wheel-dir",
        folder,
        copy_checkout(folder / "source"),
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def metadata(wheel, names):
    (path,) = (name for name in names if name.endswith(".dist-info/METADATA"))
    with zipfile.ZipFile(wheel) as archive:
        return Parser().parsestr(archive.read(path).decode())


def test_wheel_has_every_module_of_the_checkout(names):
    for folder, home in HOMES.items():
        for path in (ROOT / folder).rglob("*.py"):
            assert f"{home}/{path.relative_to(ROOT / folder).as_posix()}" in names


def test_wheel_has_the_data_that_the_code_reads(names):
    beside = {path.name for path in (ROOT / "reproductions").iterdir() if path.is_file() and path.suffix not in (".py", ".pyc")}
    assert {"published.csv", "references.bib"} <= beside and {f"zoo/reproductions/{name}" for name in beside} <= names
    for path in (ROOT / "zoo" / "pretrained").rglob("*"):
        assert path.is_dir() or f"zoo/pretrained/{path.relative_to(ROOT / 'zoo' / 'pretrained').as_posix()}" in names
    for path in (ROOT / "datasets").glob("*/*"):
        if path.is_file() and path.suffix != ".pyc":
            assert f"zoo/datasets/{path.relative_to(ROOT / 'datasets').as_posix()}" in names


def test_wheel_has_one_import_root_and_nothing_else(wheel, names):
    (top_level,) = (name for name in names if name.endswith("/top_level.txt"))
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read(top_level).decode().split() == ["zoo"]
    roots = {name.split("/")[0] for name in names}
    assert {root for root in roots if not root.endswith(".dist-info")} == {"zoo"}
    unwanted = ("tests", "results", "__pycache__", ".trials")
    assert not [name for name in names if set(Path(name).parts) & set(unwanted)]
    golden = {f"zoo/pretrained/{path.name}/golden.npz" for path in (ROOT / "zoo" / "pretrained").iterdir()}
    assert not [name for name in names - golden if name.endswith((".npy", ".npz", ".gz", ".pyc"))]


def test_make_touches_no_folder_that_is_something_else(tmp_path):
    (tmp_path / "mine.txt").touch()
    done = subprocess.run(
        ["make", "--no-print-directory", "own-folder", f"VENV={tmp_path}"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode and f"error: {tmp_path} is there and is no virtual environment" in done.stderr
    for target in ("install", "clean"):
        plan = subprocess.run(["make", "-n", target, f"VENV={tmp_path}"], cwd=ROOT, capture_output=True, text=True).stdout
        assert plan.index("is no virtual environment") < min(plan.index(what) for what in ("-m venv", "rm -rf") if what in plan)


def test_metadata(metadata):
    assert metadata["Name"] == "deepzoo"
    assert metadata["Requires-Python"].replace(" ", "") in (">=3.11,<3.14", "<3.14,>=3.11")
    declared = {line.rpartition(" ")[2] for line in metadata.get_all("Classifier") if "Python :: 3." in line}
    assert declared == {"3.11", "3.12", "3.13"}
    assert {"test", "text", "export", "gpu", "cluster"} == set(metadata.get_all("Provides-Extra"))
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata.get_payload().startswith("# deepzoo")


def test_wheel_lives_beside_a_foreign_package_called_datasets(wheel, tmp_path):
    site = tmp_path / "site"
    run(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", site, wheel)
    foreign = site / "datasets"
    foreign.mkdir()  # raises if our wheel had installed a package of that name
    (foreign / "__init__.py").write_text("OWNER = 'somebody else'\n")
    # Ahead of everything else on the path; the files' places prove that the checkout lent no hand.
    program = f"""
import sys
sys.path.insert(0, {str(site)!r})
import datasets, zoo, zoo.datasets, zoo.reproductions.harness
assert datasets.OWNER == "somebody else"
for module in (zoo, zoo.datasets, zoo.reproductions):
    assert module.__file__.startswith({str(site)!r}), module.__file__
assert "mnist" in zoo.datasets.list_datasets()
assert "mlp" in zoo.list_models()
assert "linear_mnist" in zoo.list_presets()
assert "shallow_vs_deep" in zoo.reproductions.harness.list_claims()
"""
    run(sys.executable, "-I", "-c", program, cwd=tmp_path)


def test_pyproject_is_only_the_build_system():
    table = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert set(table) == {"build-system"}


def test_packages_in_setup_cfg_are_the_packages_on_disk():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    listed = set(config["options"]["packages"].split())
    on_disk = set()
    for folder, home in HOMES.items():
        for init in (ROOT / folder).rglob("__init__.py"):
            inner = init.parent.relative_to(ROOT / folder).parts
            if folder != "datasets" or not inner:  # a data set's folder comes along as package data
                on_disk.add(".".join([*home.split("/"), *inner]))
    assert listed == on_disk


def test_an_interpreter_that_is_named_is_not_taken_for_that_of_an_environment_that_is_there(tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "pyvenv.cfg").write_text("")
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    (tmp_path / "bin" / "pip").touch()
    other = tmp_path / "other"
    other.write_text("#!/bin/sh\necho '(3, 99)'\n")
    other.chmod(0o755)
    for chosen, code in ((sys.executable, 0), (other, 2), (tmp_path / "none", 2)):
        call = ["make", "--no-print-directory", "same-python", f"VENV={tmp_path}", f"PYTHON={chosen}"]
        done = subprocess.run(call, cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == code and (code == 0 or f"make PYTHON={chosen} VENV=/tmp/venv" in done.stderr)
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHON", "MAKEFLAGS", "MAKEOVERRIDES")}
    call = ["make", "same-python", f"VENV={tmp_path}"]
    assert subprocess.run(call, cwd=ROOT, env=environment, capture_output=True).returncode == 0, "none was named"
