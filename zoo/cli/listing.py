"""`zoo models`, `zoo datasets`, `zoo claims`: what there is, with shell wildcards."""

import ast
import importlib.util
import inspect
from pathlib import Path
from typing import Annotated

import typer

from zoo.cli import own
from zoo.cli.claim_page import print_claim, trials_by_budget
from zoo.cli.console import fitted, out, print_markdown, table
from zoo.errors import CacheError, unknown_name

NameOrPattern = Annotated[
    str, typer.Argument(metavar="NAME", help="A name, or shell wildcards, such as '*net*'.", show_default=False)
]


def models(pattern: NameOrPattern = "*"):
    """List the models; of one that is named in full, its options in zoo.create_model too.

    Examples:

    $ zoo models
    $ zoo models '*net'
    $ zoo models convnet
    """
    from zoo import registry

    own.bring_in()
    rows, names = table(("model", {"no_wrap": True}), "what it is"), _matching("model", pattern, registry.list_models)
    for name in names:
        rows.add_row(name, _first_paragraph(_docstring(name)))
    out().print(rows)
    if pattern in names:
        _print_options(pattern)


def _print_options(model):
    """What a model's builder says of itself, and its options with their defaults."""
    from zoo.registry import model_options, own_builder

    if own_builder(model):
        said = _docstring(model)
        options = model_options(model).items()
        defaults = {name: "" if value is inspect.Parameter.empty else repr(value) for name, value in options}
    else:
        (builder,) = (node for node in _parsed(model).body if getattr(node, "name", None) == model)
        said, arguments = ast.get_docstring(builder) or "", builder.args
        options = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        defaults = {option.arg: ast.unparse(value) for option, value in options}
    rows = table(("option", {"no_wrap": True}), "default")
    for option, default in defaults.items():
        rows.add_row(option, default)
    out().print("\n", "\n\n".join(_paragraphs(said)), "\n", sep="")
    out().print(rows)


def datasets(pattern: NameOrPattern = "*"):
    """List the data sets; of one that is named in full, what an example is, the splits and whom to cite too.

    Examples:

    $ zoo datasets
    $ zoo datasets '*mnist'
    $ zoo datasets taylor_demand
    """
    from zoo import datasets as home

    columns = [
        ("data set", {"no_wrap": True}),
        ("input", {"optional": 2}),
        ("classes", {"justify": "right", "optional": 2}),
        "what it is",
        ("licence", {"optional": 1}),
    ]
    rows, names = [], _matching("data set", pattern, home.list_datasets)
    for name in names:
        try:
            info = home.describe(name)
        except CacheError as error:  # one of one's own, which is no reason not to show the others
            rows.append((name, "", "", f"damaged: {error}", ""))
            continue
        shape = "x".join(str(n) for n in info.input_shape)
        rows.append((name, shape, "" if info.classes is None else str(info.classes), info.title, info.licence))
    out().print(fitted(columns, rows))
    if pattern in names:
        info = home.describe(pattern)
        print()
        print_markdown(info.description)
        print(f"\n{info.citation.strip()}")


def claims(pattern: NameOrPattern = "*"):
    """List the claims that can be put to the test with [bold]zoo reproduce[/].

    Of one that is named in full, what it asks, what its budgets take and have, and what its lines are called, too.

    All have the budgets quick (minutes on two cores) and full (all there is, best on a GPU); some have hour (on two cores).

    Examples:

    $ zoo claims
    $ zoo claims '*deep*'
    $ zoo claims shallow_vs_deep
    """
    from zoo.reproductions import harness
    from zoo.reproductions.harness.claims import claim_budgets, claim_name

    own.bring_in()
    rows = table(("claim", {"no_wrap": True}), ("hour", {"no_wrap": True}), "what it says")
    names = harness.list_claims(pattern) or [claim_name(harness.load_claim(pattern))]  # CLAIM_on_DATASET, or there is none
    for name in names:
        hour = "yes" if "hour" in claim_budgets(name) else ""
        rows.add_row(name, hour, _first_paragraph(harness.describe_claim(name)))
    trials = trials_by_budget(pattern) if pattern in names else None
    out().print(rows)
    if trials:
        print_claim(pattern, trials)


def _matching(kind, pattern, list_names):
    names = list_names(pattern)
    if not names:
        raise unknown_name(kind, pattern, list_names("*"))
    return names


def _docstring(model):
    """What a model is: the docstring of its file; of somebody's own, which is imported by now, that of its builder."""
    from zoo.registry import own_builder

    own = own_builder(model)
    return (inspect.getdoc(own) if own else ast.get_docstring(_parsed(model))) or ""


def _parsed(model):
    """The module of one of the zoo's models as its file says it: importing it would import Keras."""
    path = importlib.util.find_spec(f"zoo.models.{model}").origin
    return ast.parse(Path(path).read_text(encoding="utf-8"))


def _first_paragraph(text):
    return _paragraphs(text)[0]


def _paragraphs(text):
    """The paragraphs of a docstring, each on one line."""
    return [" ".join(paragraph.split()) for paragraph in text.split("\n\n")]


COMMANDS = (models, datasets, claims)
