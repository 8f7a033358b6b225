r"""`zoo compare --format csv|json|latex`: the tables of results/ for programs, and for papers that load booktabs."""

import json
import re

# In a cell of numbers: one, which may have a sign, a power of ten and a side; the unit for which text has a letter.
_NUMBER = re.compile(r"((?:[<>] )?(?<![\w.])-?\d[\d.]*(?:e[+-]\d+)?|(?<= )x$)")
_ESCAPED = {sign: f"\\{sign}" for sign in "#$%&_{}"} | {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}",
    ">": r"\textgreater{}", "|": r"\textbar{}", "[": "{[}", "]": "{]}", "*": "{*}",
}  # fmt: skip


def csv_of(table):
    """A table (a DataFrame, as compare gives it) as CSV: the text of the file of that name, where it is all of it."""
    from zoo.reproductions.harness.numbers import cell
    from zoo.reproductions.harness.tables import csv_text

    def written(line):
        return {name: cell(value) if isinstance(value, float) else value for name, value in line.items()}

    return csv_text(list(table.columns), map(written, _lines(table)))


def json_of(**parts):
    """Texts and tables as one JSON object; a table is a list of objects, null where there is no number."""
    told = {name: part if isinstance(part, str) else list(map(_without_nan, _lines(part))) for name, part in parts.items()}
    return json.dumps(told, indent=1, allow_nan=False) + "\n"


def latex_of(columns, groups, said, note=""):
    """A booktabs tabular.

    columns: (heading, "l", "r" or another kind of column that LaTeX has); groups: (title, tuples of cells), all text; in
    columns "r" numbers are set as numbers. said: what made it, for a comment before it; note: a line below all others.
    """
    kinds = [kind for _, kind in columns]
    lines = [f"% {said}; needs \\usepackage{{booktabs}}", f"\\begin{{tabular}}{{@{{}}{''.join(kinds)}@{{}}}}", r"\toprule"]
    lines.append(_row(escaped(heading) for heading, _ in columns))
    for title, rows in groups:
        lines += [r"\midrule", rf"\multicolumn{{{len(columns)}}}{{@{{}}l@{{}}}}{{\emph{{{escaped(title)}}}}} \\"]
        lines += [_row(_cell(text, kind) for text, kind in zip(row, kinds, strict=True)) for row in rows]
    below = [r"\midrule", rf"\multicolumn{{{len(columns)}}}{{@{{}}l@{{}}}}{{\footnotesize {escaped(note)}}} \\"] if note else []
    return "\n".join([*lines, *below, r"\bottomrule", r"\end{tabular}"]) + "\n"


def escaped(text):
    r"""Text as LaTeX sets it.

    >>> escaped("60,000 images & 50% of test_error")
    '60,000 images \\& 50\\% of test\\_error'
    """
    return "".join(_ESCAPED.get(sign, sign) for sign in text)


def _lines(table):
    return table.to_dict("records")


def _without_nan(line):
    return {name: None if value != value else value for name, value in line.items()}


def _row(cells):
    return " & ".join(cells) + r" \\"


def _cell(text, kind):
    text = " ".join(text.split())
    if kind != "r":
        return escaped(text)
    return "".join(_as_formula(part) if place % 2 else escaped(part) for place, part in enumerate(_NUMBER.split(text)))


def _as_formula(number):
    """A number that has more than digits as a formula: the minus of text is a hyphen."""
    if number == "x":
        return r"$\times$"
    digits, _, power = number.partition("e")
    formula = rf"{digits} \times 10^{{{int(power)}}}" if power else digits
    return formula if formula.replace(".", "").isdigit() else f"${formula}$"
