"""report.html: every claim, its verdicts, figures and tables on one page that needs no other file. Generated, never typed."""

import base64
import fnmatch
import html
import re
import shlex
from pathlib import Path

from markdown_it import MarkdownIt

from zoo.errors import InvalidInput, ResultsError
from zoo.paths import file_to_write
from zoo.reproductions.harness.claims import describe_claim, is_known, list_claims
from zoo.reproductions.harness.outcomes import (
    TITLES,
    budgets_in,
    by_claim,
    controls_of,
    counts_of,
    devices_of,
    in_short,
    lacks,
    main_checks,
    main_folder,
    title_of,
    verdicts_of,
)
from zoo.reproductions.harness.remedies import made_anew, or_from_the_repository, what_makes_some
from zoo.reproductions.harness.roots import results_root, roots_to_read
from zoo.reproductions.harness.store import write_named
from zoo.reproductions.harness.verdicts import VERDICTS

_IMAGE = re.compile(r"^!\[(.*)\]\((.*)\)$", re.MULTILINE)
_FOLD = re.compile(r"(<details>\n<summary>[^<>]*</summary>|</details>)")
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>deepzoo: claims and evidence</title>
<style>
:root {{ color-scheme: light dark; --reproduced: #1a7f37; --contradicted: #c0362c; --undecided: #9a6700; --line: #8886; }}
@media (prefers-color-scheme: dark) {{ :root {{ --reproduced: #3fb950; --contradicted: #ff7b72; --undecided: #d29922; }} }}
body {{ max-width: 76rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; }}
p, li {{ max-width: 50rem; overflow-wrap: break-word; }}
h2 {{ margin: 3rem 0 0; border-top: 1px solid var(--line); padding-top: 1rem; }}
h3 {{ font-size: 1.05rem; }}
table {{ border-collapse: collapse; font-size: .85rem; }}
.wide {{ overflow-x: auto; }}
th, td {{ text-align: left; vertical-align: top; padding: .25rem .6rem; border-bottom: 1px solid var(--line); }}
#claims ul {{ margin: .2rem 0; padding-left: 1.2rem; font-size: .95em; }}
#claims td:nth-child(n + 2) {{ white-space: nowrap; }}
section td:nth-child(6) {{ white-space: nowrap; }}
figure {{ margin: 1rem 0; }}
img {{ max-width: 100%; background: white; }}
summary {{ cursor: pointer; font-weight: 600; margin: 1rem 0; }}
{colours}
</style>
</head>
<body>
<h1>deepzoo: claims and evidence</h1>
<p>Which claims of LeCun, Bengio &amp; Hinton, <cite>Deep learning</cite> (Nature 521:436-444, 2015), held up when they were
rerun: a claim is reproduced where the 95% interval of the effect, over seeds, lies on the claimed side, contradicted where it
lies on the other, and else undecided. All of this page is generated from the runs.</p>
<div class="wide"><table id="claims">
<tr><th>claim</th>{budgets}</tr>
{lines}
</table></div>
{sections}
</body>
</html>
"""


def write_report(page=None, folder=None, claims=()):
    """Write one HTML page on all results of a results folder, or on those of some claims; returns its path.

    page: the file, by default report.html in that folder; folder: see results_root, and roots_to_read, which the results are
    read from where that one has none. claims: names, shell wildcards allowed, of those that alone are told of; () for all.
    Raises ResultsError where there are no results, a table or figure is missing, or the page can't be written, UnknownName
    for a claim that there is not, InvalidInput for a page that is called like a claim, a pipe or a device.
    """
    if page is not None and (list_claims(str(page)) or is_known(str(page))):
        said = f"a report of it is zoo report --claim {shlex.quote(str(page))}; call a file otherwise, such as claims.html"
        raise InvalidInput(f"{page} names a claim, not a file to write: {said}.")
    page = file_to_write(page or results_root(folder) / "report.html")
    text = report_html(*roots_to_read(folder), claims=[claims] if isinstance(claims, str) else claims)
    write_named(page, text.encode())
    return page


def report_html(*roots, claims=()):
    """The page's text, of the first of some results folders that has results; claims: as of write_report.

    The same results give the same bytes.
    """
    claims = _chosen([by_claim(root) for root in roots], claims)
    if not claims:
        raise ResultsError(f"{roots[0]} holds no results yet: {what_makes_some(roots[0])}{or_from_the_repository(roots[0])}")
    budgets = budgets_in(claims)
    return _PAGE.format(
        colours="\n".join(f".{verdict} {{ color: var(--{verdict}); font-weight: 600; }}" for verdict in VERDICTS),
        budgets="".join(f"<th>{TITLES[budget]}</th>" for budget in budgets),
        lines="\n".join(_line(name, folders, budgets) for name, folders in claims.items()),
        sections="\n".join(_section(name, folders) for name, folders in claims.items()),
    )


def _chosen(found, names):
    """{claim: {budget: folder}} of the first of some such dictionaries that has any, or has what a name, or wildcards, fit.

    Raises UnknownName for a name that fits no claim, ResultsError where one has no results.
    """
    if not names:
        return next(filter(None, found), {})
    chosen = {}
    for name in names:
        fitting = ({claim: claims[claim] for claim in fnmatch.filter(claims, name)} for claims in found)
        if not (there := next(filter(None, fitting), None)):
            if not list_claims(name):
                describe_claim(name)  # says that there is no such claim
            what = f"zoo claims {shlex.quote(name)} says what to run"
            raise ResultsError(f"There are no results of {name} to report (a smoke run does not count); {what}.")
        chosen |= there
    return chosen


def _line(name, folders, budgets):
    cells = (_counts(folders[budget]) if budget in folders else "" for budget in budgets)
    name = html.escape(name, quote=True)
    title = f'<a href="#{name}">{name}</a>: {html.escape(title_of(folders))}'
    if checks := "".join(map(_main_check, main_checks(folders))):
        folder = main_folder(folders)
        title += f"<br>{TITLES[folder.parent.name]}{lacks(folder)}:<ul>{checks}</ul>"
    return f"<tr><td>{title}</td>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _main_check(found):
    measured, verdict, why = in_short(found.line)
    words, counts, elsewhere = html.escape, found.counts, found.elsewhere
    judged = f'<span class="{verdict}">{verdict}</span>{words(why)}{elsewhere and f"; {words(elsewhere)}"}'
    return f"<li>{words(measured)}{counts and f' ({counts})'}: {judged}</li>"


def _counts(folder):
    lines = verdicts_of(folder)
    said = [f'<span class="{verdict}">{count} {verdict}</span>' for verdict, count in counts_of(lines).items()]
    return "<br>".join(filter(None, [*said, controls_of(lines), lacks(folder).strip()])) or "none"


def _section(name, folders):
    """A claim: what it says, then each budget's outcome, the largest budget's unfolded."""
    name = html.escape(name, quote=True)
    parts = [f'<section id="{name}">', f"<h2>{name}</h2>"]
    for place, (budget, folder) in enumerate(folders.items()):
        text = _read(folder / "comparison.md").decode("utf-8", "replace")
        said, mark, outcome = _IMAGE.sub("", text).partition("## ")
        if place == 0:
            parts.append(_rendered(said.partition("\n")[2]))
        title = f"{TITLES[budget]}{lacks(folder)}{html.escape(devices_of([folder]))}"
        parts += [f"<details{'' if place else ' open'}>", f"<summary>{title}</summary>"]
        parts += [*_figures(folder, text), *_unfolded(mark + outcome), "</details>"]
    return "\n".join([*parts, "</section>"])


def _unfolded(text):
    """The parts of a page as HTML, what it folds away staying so."""
    for place, part in enumerate(_FOLD.split(text)):
        yield part if place % 2 else _rendered(part)


def _figures(folder, text):
    for words, name in _IMAGE.findall(text):
        picture = base64.b64encode(_read(folder / Path(name).name)).decode()
        words = html.escape(f"{words} of {folder.name}, {folder.parent.name} budget", quote=True)
        yield f'<figure><img alt="{words}" src="data:image/png;base64,{picture}"></figure>'


def _rendered(text):
    """Markdown of ours as HTML, headings a level down, verdicts in their colours, tables that scroll."""
    tokens = (markdown := MarkdownIt("commonmark", {"html": False}).enable("table")).parse(text)
    for token in tokens:
        if token.type.startswith("heading"):
            token.tag = f"h{int(token.tag[1]) + 1}"
    found = markdown.renderer.render(tokens, markdown.options, {})
    for verdict in VERDICTS:
        found = found.replace(f"<strong>{verdict}</strong>", f'<strong class="{verdict}">{verdict}</strong>')
    return found.replace("<table>", '<div class="wide"><table>').replace("</table>", "</table></div>")


def _read(path):
    try:
        return path.read_bytes()
    except OSError as error:
        raise ResultsError(f"{path} can't be read ({error.strerror}); make it anew: {made_anew(path.parent)}") from error
