"""What a reader of the sources finds at once and no run may ever meet: names that nothing defines, imports without a use."""

import ast
import subprocess
from pathlib import Path

import pytest
from pyflakes import checker, messages

ROOT = Path(__file__).resolve().parents[1]
COMMAND = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py"]
SOURCES = sorted(
    name
    for name in subprocess.check_output(COMMAND, cwd=ROOT, text=True).split()
    if (ROOT / name).is_file()
)
WRONG = (messages.UndefinedName, messages.UndefinedLocal, messages.UnusedImport, messages.UnusedVariable)


@pytest.mark.parametrize("folder", ["zoo", "datasets", "reproductions", "tests"])
def test_every_name_is_defined_and_used(folder):
    found = []
    for name in SOURCES:
        if name.partition("/")[0] == folder:
            text = (ROOT / name).read_text(encoding="utf-8")
            lines = text.splitlines()
            for message in checker.Checker(ast.parse(text, name), filename=name).messages:
                if isinstance(message, WRONG) and "noqa" not in lines[message.lineno - 1]:
                    found.append(str(message))
    assert found == []


def test_a_name_that_nothing_defines_is_found():
    tree = ast.parse("def run():\n    return splits(1)\n")
    assert [type(message) for message in checker.Checker(tree).messages] == [messages.UndefinedName]
