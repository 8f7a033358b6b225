"""README and CONTRIBUTING keep what they promise: their code runs, their links and make targets exist."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
# `path/of/the/file.py` on a line of its own, then its content.
EXAMPLES = dict(re.findall(r"^`([\w/]+\.py)`\n\n```python\n(.*?)^```", CONTRIBUTING, re.M | re.S))


def python(*arguments, **options):
    env = {**os.environ, "KERAS_BACKEND": "jax", **options.pop("env", {})}
    return subprocess.run(
        [sys.executable, *map(str, arguments)], capture_output=True, text=True, timeout=540, env=env, **options
    )


def test_readme_example_runs(tmp_path):
    (example,) = re.findall(r"```python\n(.*?)```", README, re.S)
    script = tmp_path / "example.py"
    script.write_text(example + "\nassert len(history) == 4 * 10 and model.count_params() > 0\n")
    done = python(script, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "accuracy" in done.stdout


@pytest.mark.parametrize("document", [README, CONTRIBUTING], ids=["README", "CONTRIBUTING"])
def test_links_lead_somewhere(document):
    for target in re.findall(r"\]\(([^)#]+)\)", document):
        if "://" not in target:
            assert (ROOT / target).exists(), target


def test_make_targets_that_are_named_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"^ {4}make ([a-z-]+)", README + CONTRIBUTING, re.M))
    assert {"reproduce", "test"} <= named
    for target in named:
        assert re.search(rf"^{target}:", makefile, re.M), target


def test_commands_of_the_readme_exist():
    from typer.main import get_command

    from zoo.cli.app import build

    commands = get_command(build()).commands
    for words in re.findall(r"^ {4}zoo ([^#\n]+)", README, re.M):
        first, second, *_ = words.split()
        assert first in commands
        if hasattr(commands[first], "commands"):
            assert second in commands[first].commands


def test_scoreboard_of_the_readme_is_the_generated_one():
    from zoo.reproductions.harness.scoreboard import front_page

    assert "<!-- scoreboard -->" in README
    assert front_page(README, ROOT / "results") == README


@pytest.mark.parametrize("home", ["zoo/models", "datasets", "reproductions"])
def test_examples_are_short(home):
    code = [text for path, text in EXAMPLES.items() if path.startswith(home)]
    assert 0 < sum(bool(line.strip()) for text in code for line in text.splitlines()) < 30


def test_examples_pass_the_checks_that_everything_passes(tmp_path):
    """In a copy of the repository, which is built and installed, so that packaging must find them too."""
    copy = tmp_path / "copy"
    listed = subprocess.check_output(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, text=True)
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes((ROOT / name).read_bytes())
    for path, code in EXAMPLES.items():
        (copy / path).parent.mkdir(exist_ok=True)
        (copy / path).write_text(code)
    for name in ("README.md", "CITATIONS.bib", "TAGS.txt"):
        (copy / "datasets/stripes" / name).write_bytes((ROOT / "datasets/digits" / name).read_bytes())
    site = tmp_path / "site"
    built = python("-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target", site, copy)
    assert built.returncode == 0, built.stderr

    done = python(
        "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "maxout or stripes or width_helps", "--verbose",
        "tests/test_every_model.py", "tests/test_every_dataset.py", "tests/test_every_reproduction.py",
        cwd=copy, env={"PYTHONPATH": str(site), "ZOO_DATA_DIR": str(tmp_path / "data")},
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    for name, home in (("maxout", "model"), ("stripes", "dataset"), ("width_helps", "reproduction")):
        assert re.search(rf"test_every_{home}.py::\S*{name}\S* PASSED", done.stdout), done.stdout[-4000:]
