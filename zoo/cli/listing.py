"""`zoo models`, `zoo datasets`, `zoo claims`: what there is, with shell wildcards."""

import ast
import importlib.util
from pathlib import Path
from typing import Annotated

import typer

from zoo.cli.console import out, table
from zoo.errors import unknown_name

Pattern = Annotated[str, typer.Argument(metavar="PATTERN", help="Shell wildcards, such as '*mnist*'.", show_default=False)]


def add_commands(app):
    """Register the three commands."""
    app.command()(models)
    app.command()(datasets)
    app.command()(claims)


def models(pattern: Pattern = "*"):
    """List the models.

    Examples:

    $ zoo models
    $ zoo models '*net'
    """
    from zoo import registry

    rows = table(("model", {"no_wrap": True}), "what it is")
    for name in _matching("model", pattern, registry.list_models):
        rows.add_row(name, _first_paragraph(_docstring(f"zoo.models.{name}")))
    out().print(rows)


def datasets(pattern: Pattern = "*"):
    """List the data sets.

    Examples:

    $ zoo datasets
    $ zoo datasets '*mnist'
    """
    from zoo import datasets as home

    rows = table(("data set", {"no_wrap": True}), "input", ("classes", {"justify": "right"}), "what it is", "licence")
    for name in _matching("data set", pattern, home.list_datasets):
        info = home.describe(name)
        shape = "x".join(str(n) for n in info.input_shape)
        rows.add_row(name, shape, "" if info.classes is None else str(info.classes), info.title, info.licence)
    out().print(rows)


def claims(pattern: Pattern = "*"):
    """List the claims that can be put to the test with [bold]zoo reproduce[/].

    All have the budgets quick (minutes on two cores) and full (all there is, on a GPU); some have hour (on two cores).

    Examples:

    $ zoo claims
    $ zoo claims '*deep*'
    """
    from zoo.reproductions import harness
    from zoo.reproductions.harness.claims import claim_budgets

    rows = table(("claim", {"no_wrap": True}), ("hour", {"no_wrap": True}), "what it says")
    for name in _matching("claim", pattern, harness.list_claims):
        hour = "yes" if "hour" in claim_budgets(name) else ""
        rows.add_row(name, hour, _first_paragraph(harness.describe_claim(name)))
    out().print(rows)


def _matching(kind, pattern, list_names):
    names = list_names(pattern)
    if not names:
        raise unknown_name(kind, pattern, list_names("*"))
    return names


def _docstring(module):
    """A module's docstring, read from its file: importing it would import Keras."""
    source = Path(importlib.util.find_spec(module).origin).read_text(encoding="utf-8")
    return ast.get_docstring(ast.parse(source)) or ""


def _first_paragraph(text):
    return " ".join(text.split("\n\n")[0].split())
