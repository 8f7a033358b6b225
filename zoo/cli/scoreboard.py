"""The results section of the checkout's README: the scoreboard's tables, put between two markers, never typed."""

import re

_SECTION = re.compile(r"(<!-- scoreboard -->\n).*?(<!-- /scoreboard -->)", re.S)


def refresh_readme(root):
    """Bring the README beside a results folder up to date; a folder outside a checkout has none, and nothing happens.

    root: pathlib.Path of the results folder.
    """
    from zoo.reproductions.harness.store import write_atomically

    readme = root.parent / "README.md"
    if not readme.exists() or not (root.parent / "reproductions" / "published.csv").exists():
        return
    before = readme.read_text(encoding="utf-8")
    after = filled(before, root)
    if after != before:
        write_atomically(readme, after.encode())


def filled(text, root):
    """The text of a README with its results section made of a results folder."""
    from zoo.reproductions.harness.scoreboard import scoreboard

    kept = []
    for line in scoreboard(root).splitlines():
        if line.startswith("## "):
            kept += ["", f"#{line}", ""]
        elif line.startswith("|"):
            kept.append(re.sub(r"\]\((?!\w+:)", f"]({root.name}/", line))
    tables = "\n".join([*kept, ""]) + "\n" if kept else ""
    return _SECTION.sub(lambda found: found[1] + tables + found[2], text)
