"""The measured rows: benchmarks.csv keeps them for every device, a partial file lets a broken run go on."""

import itertools
import json
import os

import pandas as pd

COLUMNS = [
    "device", "platform", "config", "family", "runner", "model", "setting", "members", "precision", "examples", "epochs",
    "seconds", "build_s", "compile_s", "peak_mb", "repeats", "together", "parameters", "loss", "status", "remark", "versions",
]  # fmt: skip
CSV = "benchmarks.csv"
PARTIAL = "benchmarks.partial"
_BATCH = ["device", "config", "versions", "status"]  # alike in the rows that one measurement adds


def read(folder):
    """All rows of a results folder, the unfinished run's included, as a DataFrame with COLUMNS."""
    file = folder / CSV
    rows = pd.read_csv(file, keep_default_na=False, na_values=[""]) if file.exists() else pd.DataFrame(columns=COLUMNS)
    return merged(rows, pd.DataFrame(_settled(read_partial(folder)), columns=COLUMNS))


def _settled(rows):
    """What rows of one run after another come to: a configuration's last ones, but that a time limit takes nothing away."""
    kept = {}
    for (device, config, _, status), batch in itertools.groupby(rows, lambda row: [row[name] for name in _BATCH]):
        if (device, config) not in kept or not status.startswith("not measured"):
            lines = list(batch)
            kept[device, config] = lines if status == "ok" else lines[-1:]
    return [row for batch in kept.values() for row in batch]


def merged(old, new):
    """Rows of both; a configuration measured anew replaces its old rows, one cut by a time limit only failed ones."""
    if old.empty or new.empty:
        return (new if old.empty else old).reset_index(drop=True)
    keys = ["device", "config"]
    measured = set(map(tuple, old.loc[old.status == "ok", keys].values))
    cut = new.status.str.startswith("not measured")
    idle = [is_cut and tuple(key) in measured for is_cut, key in zip(cut, new[keys].values)]
    new = new[[not i for i in idle]]
    replaced = set(map(tuple, new[keys].values))
    old = old[[tuple(key) not in replaced for key in old[keys].values]]
    frames = [frame.astype(object) for frame in (old, new) if len(frame)]
    return pd.concat(frames, ignore_index=True)[COLUMNS]


def write(rows, folder):
    """Write benchmarks.csv so that it is the old one or the new one, never half of it."""
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f"{CSV}.tmp"
    rows[COLUMNS].to_csv(temporary, index=False, float_format="%.6g")
    os.replace(temporary, folder / CSV)


def read_partial(folder):
    """Rows of a run that has not come to its end; a line that was cut off counts as not written."""
    file = folder / PARTIAL
    rows = []
    for line in file.read_text().splitlines() if file.exists() else ():
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return rows


def append_partial(folder, rows):
    """Add rows, each a dict, at once and for good."""
    with open(folder / PARTIAL, "a") as file:
        file.write("".join(json.dumps(row) + "\n" for row in rows))
        file.flush()
        os.fsync(file.fileno())


def forget_partial(folder, device, configs):
    """Drop rows from the partial file: the run that they are part of has come to its end."""
    left = [row for row in read_partial(folder) if row["device"] != device or row["config"] not in configs]
    (folder / PARTIAL).unlink(missing_ok=True)
    if left:
        append_partial(folder, left)
