"""The application: which commands there are, and how an error becomes one line and an exit code."""

import contextlib
import errno
import inspect
import io
import os
import sys
from typing import Annotated

import typer
from typer.core import TyperGroup

import zoo
from zoo.cli import data, export, forecast, generate, listing, own, predict, presets, report, reproduce, results
from zoo.cli.console import err, fail, out
from zoo.errors import UnknownName, ZooError

_HELP = """Keras models from shallow to deep, and evidence for every claim about them.

List what there is, fetch data, and rerun any claim of the review on your own machine:

$ zoo claims
$ zoo data fetch mnist fashion_mnist
$ zoo reproduce shallow_vs_deep --budget quick

Exit codes: 0 done, also where a claim did not hold; 1 failed, or what was to agree does not; 2 an unknown name or option.
"""


class _OneLineErrors(TyperGroup):
    """A user's mistake needs no traceback; a mistake of ours keeps it."""

    def invoke(self, ctx):
        try:
            return super().invoke(ctx)
        except ZooError as error:
            fail(error)
            raise typer.Exit(2 if isinstance(error, UnknownName) else 1) from None
        except KeyboardInterrupt:
            err().print("\nInterrupted.")
            raise typer.Exit(130) from None


def build():
    """The typer application with all commands."""
    app = typer.Typer(
        name="zoo",
        cls=_OneLineErrors,
        help=_HELP,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    for home in (listing, presets, predict, generate, forecast, export, reproduce, report):
        for command in home.COMMANDS:
            app.command()(command)
    app.add_typer(data.app, name="data")
    app.add_typer(results.app, name="results")
    _join_lines(app)
    return app


def _join_lines(app):
    """Have the help of all commands run on where its source only wraps: typer breaks lines where docstrings do."""
    for command in app.registered_commands:
        command.help = "\n\n".join(map(_joined, inspect.getdoc(command.callback).split("\n\n")))
    for group in app.registered_groups:
        _join_lines(group.typer_instance)


def _joined(paragraph):
    """A paragraph on one line; examples keep theirs."""
    return paragraph if paragraph.startswith("$") else " ".join(paragraph.split())


def _show_version(wanted):
    if wanted:
        from zoo.environment import commit

        known = commit()
        out().print(f"deepzoo {zoo.__version__}{'' if known == 'unknown' else f', commit {known}'}")
        raise typer.Exit


_VERSION = "Show the version, and the commit if it is known."
VersionOption = Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True, help=_VERSION)]


def _options(modules: own.ImportOption = None, version: VersionOption = False):
    """The options of `zoo` itself; its help is _HELP."""
    own.ask_for(modules)


def main():
    """Entry point of the command `zoo`."""
    # TensorFlow's start-up notes are no news to the user; an own setting wins.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    for stream in (sys.stdout, sys.stderr):  # a file's name may have signs that the terminal has not
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")
    try:
        build()(prog_name="zoo")
    except SystemExit as end:
        _leave_what_is_in_hand(end.code)
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            fail(f"{error.filename or 'The output'} can't be written: {error.strerror}.")
        elif error.errno in (errno.ENAMETOOLONG, errno.EACCES, errno.EPERM, errno.ELOOP) and error.filename:
            fail(f"{error.filename} can't be used: {error.strerror}; name another place.")
        elif error.errno == errno.ENOENT and not error.filename and not _is_somewhere():
            fail("The current folder is no longer there; change to another one.")
        else:
            raise
        _drop_output()
        sys.exit(1)


def _is_somewhere():
    """Whether the current folder still exists."""
    try:
        return bool(os.getcwd())
    except OSError:
        return False


def _leave_what_is_in_hand(code):
    """End at once where the device still computes what an interrupt did not wait for: Python would, for a minute or more."""
    waiting = sys.modules.get("zoo.training.waiting")
    if waiting and waiting.in_hand():
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(code if isinstance(code, int) else 1)


def _drop_output():
    """Let what standard output couldn't take go, or Python would try, and complain, once more when it ends."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
