"""Sources are laid out one way, and hold no name that nothing defines: ruff.toml says what is looked for."""

import subprocess
import sys
from pathlib import Path

import pytest

RUFF = [sys.executable, "-m", "ruff"]
ROOT = Path(__file__).resolve().parents[1]


def ruff(*arguments, **options):
    return subprocess.run([*RUFF, *arguments, "--no-cache"], cwd=ROOT, capture_output=True, text=True, **options)


@pytest.mark.parametrize("command", [["check", "--output-format=concise"], ["format", "--check"]], ids=" ".join)
def test_sources_are_as_make_format_leaves_them(command):
    told = ruff(*command)
    assert told.returncode == 0, told.stdout + told.stderr


def test_a_name_that_nothing_defines_is_found():
    told = ruff("check", "--output-format=concise", "-", input="def run():\n    return splits(1)\n")
    assert told.returncode == 1 and "Undefined name `splits`" in told.stdout


def test_sources_of_every_folder_are_looked_at():
    seen = {Path(name).relative_to(ROOT).parts[0] for name in ruff("check", "--show-files").stdout.split()}
    assert {"zoo", "datasets", "reproductions", "tests"} <= seen
