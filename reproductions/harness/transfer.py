"""Results from one machine to another: a tar of a claim's folders and its trials, checked file by file on arrival."""

import contextlib
import functools
import io
import json
import lzma
import os
import tarfile
import tempfile
import zlib
from pathlib import Path

from zoo.errors import CorruptFile, ResultsError
from zoo.paths import file_to_write, path_named
from zoo.reproductions.harness.folder import (
    folders_of,
    read_environment,
    read_folder,
    read_losses,
    read_pictures,
    result_folders,
    sha256_of,
)
from zoo.reproductions.harness.losses import FILE, packed
from zoo.reproductions.harness.making import known_among, rebuild_folder, remade, replacing
from zoo.reproductions.harness.roots import results_root
from zoo.reproductions.harness.scoreboard import require_own_page, write_scoreboard
from zoo.reproductions.harness.store import Store, make_folder, require_writable, write_named, write_together

MANIFEST = "MANIFEST.json"


def export_results(target, out=None, source=None):
    """Write results and their stored trials to the tar file `target`; returns its path.

    source: the name of a claim, a module of one's own, or a results folder, as rebuild takes them, or None for all in the
    results folder. With all of a results folder go the stored trials of runs that were cut off. out: see results_root. Every
    file's sha256 is in the tar's MANIFEST.json, its first member, so that of a part it tells what is missing. Raises
    ResultsError where there is nothing, or no room, UnknownName for a claim that there is not, InvalidInput where target or
    out is no path, or target a pipe.
    """
    target = file_to_write(target)
    root, folders = folders_of(source, out)
    whole = source is None or os.path.realpath(os.path.expanduser(str(source))) == os.path.realpath(root)
    files = _files(root) if whole else _files_of(root, folders)
    _require_importable(result_folders(root) if whole else folders)
    try:
        contents = {name: path.read_bytes() for name, path in files.items()}
    except OSError as error:  # a run may be writing them anew
        raise ResultsError(f"{error.filename} can't be read ({error.strerror}); export once more.") from None
    if not contents:
        what = f"results of {source}" if source else "results"
        raise ResultsError(f"There are no {what} under {root} to export; run zoo reproduce first.")
    sums = {name: sha256_of(content) for name, content in contents.items()}
    contents = {MANIFEST: json.dumps(sums, indent=1).encode(), **contents}
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for name, content in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    write_named(target, file.getvalue())
    return target


def _require_importable(folders):
    """Raise ResultsError where an import of these folders would refuse one, and with it all."""
    for folder in folders:
        try:
            read_folder(folder), read_pictures(folder)
        except ResultsError as error:
            raise ResultsError(
                f"{error} Nothing was exported, as no import would take that; others can be, by their names."
            ) from None


def _files(root):
    """{name: path} of the results and stored trials under a folder."""
    return _listed(root, result_folders(root), Store(root).keys())


def _files_of(root, folders):
    """{name: path} of some folders of claims under a results folder, and of the stored trials that made their runs."""
    trials, store = [trial for folder in folders for trial in read_environment(folder).get("trials", [])], Store(root)
    keys = [key for key in store.keys() if (kept := _present(store, key)) and _made_one(kept.manifest, trials)]
    return _listed(root, folders, keys)


def _made_one(manifest, trials):
    return any(trial.items() <= manifest.items() for trial in trials)


def _listed(root, folders, keys):
    paths = [path for folder in folders for path in sorted(folder.iterdir()) if path.is_file()]
    paths += [path for key in keys for path in sorted((Store(root).folder / key).iterdir())]
    # What is being written, or was when a run was killed, is none of them.
    lasting = [path for path in paths if path.suffix != ".tmp" and not path.name.startswith(".")]
    return {path.relative_to(root).as_posix(): path for path in lasting}


def import_results(source, out=None, force=False, tell=lambda sentence: None):
    """Take in results computed on another machine; returns the folders written, none where only trials were stored.

    source: a results folder (or one that holds results/), or a tar as export_results writes it. Everything is checked
    before anything is written: sums, columns, one device to a table. Only runs.csv, environment.json, losses.npz, the pictures
    that the run drew and the stored trials are taken over; tables, figures and scoreboard are made anew. Other runs of the same
    claim and budget, or of the same trial, that are there already are replaced only by force. tell: as of rebuild, of the
    folders of claims that are not known here, which are not taken over, and of a trial that another run has in hand, for which
    this waits. Raises ResultsError, CorruptFile, UnknownName, InvalidInput.
    """
    root = results_root(out)
    with contextlib.ExitStack() as stack:
        given = _results_in(_unpacked(path_named(source), stack))
        stack.enter_context(_named_as(given, source))
        _check_sums(given)
        folders = {folder.relative_to(given): folder for folder in result_folders(given)}
        entries = _stored_trials(given)
        if not folders and not entries:
            raise ResultsError(f"{source} holds no results: neither <budget>/<claim>/runs.csv nor stored trials are in it.")
        known = known_among([*folders.values()], tell)
        folders = {place: folder for place, folder in folders.items() if folder in known}
        for folder in known:
            # Whatever is wrong shows before anything is written.
            remade(folder)
        if not force:
            _require_new(root, folders, entries)
        require_own_page(root)
        require_writable(root / ".trials")
        _take_trials(Store(root), entries, force, tell)
        return [_take_folder(root, place, folder) for place, folder in folders.items()]


@contextlib.contextmanager
def _named_as(folder, source):
    """Within it errors name what was given, and not where it was unpacked."""
    try:
        yield
    except (ResultsError, CorruptFile) as error:
        raise type(error)(str(error).replace(f"{folder}{os.sep}", f"{source}: ")) from error


def _require_new(root, folders, entries):
    """Raise ResultsError where runs would be lost that are not the given ones."""
    store = Store(root)
    files = {root / place / name: folder / name for place, folder in folders.items() for name in ("runs.csv", FILE)}
    others = [mine for mine, given in files.items() if mine.exists() and not _same(mine, given)]
    others += [store.folder / key for key, entry in entries.items() if _differs(_present(store, key), entry)]
    if others:
        remedy = "replace them with --force, or import into another folder with --out"
        raise ResultsError(f"{others[0]} holds other runs already; {remedy}.")


def _same(mine, given):
    return given.exists() and mine.read_bytes() == given.read_bytes()


def _take_folder(root, place, folder):
    written, name = root / place, "-".join(place.parts)
    with Store(root).lock(name, wait=True):
        make_folder(written)
        files = {file: (folder / file).read_bytes() for file in ("runs.csv", "environment.json")} | read_pictures(folder)
        if losses := read_losses(folder):
            files[FILE] = losses
        with replacing(written, set(files)):
            write_together({written / file: content for file, content in files.items()})
            rebuild_folder(written)
    with Store(root).lock("scoreboard", wait=True):
        write_scoreboard(root)
    return written


def _take_trials(store, entries, force, tell):
    for key, entry in entries.items():
        of = " ".join(str(entry.manifest.get(name, "")) for name in ("dataset", "model", "setting"))
        said = f"Another run has the trial {of} in hand; waiting for it. What was given so far is taken over."
        with store.lock(key, wait=True, busy=functools.partial(tell, said)):
            present = _present(store, key)
            if present is None or force and _differs(present, entry):
                store.save(key, entry)


def _present(store, key):
    """The entry of a key, or None where there is none that is whole."""
    try:
        return store.load(key)
    except CorruptFile:
        return None


def _differs(present, entry):
    """Whether an entry that is present, if it is, holds something else than another of its key.

    A manifest has the sums of all that is in it; but losses.npz is compressed, by each machine's zlib in its own way.
    """
    if present is None:
        return False

    def told(manifest):
        return manifest | {"sha256": {name: value for name, value in manifest["sha256"].items() if name != FILE}}

    return told(present.manifest) != told(entry.manifest) or packed(present.losses) != packed(entry.losses)


def _unpacked(source, stack):
    """The folder of the results, unpacked into a temporary one if they came as a tar."""
    if source.is_dir():
        return source
    if not source.exists():
        raise ResultsError(f"There is no {source} to import.")
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    try:
        with tarfile.open(source) as tar:
            for member in tar:
                _unpack(tar, member, folder, source)
            _require_end(tar)
    except ResultsError:
        raise
    except (tarfile.TarError, EOFError, OSError, lzma.LZMAError, zlib.error) as error:
        if getattr(error, "errno", None):  # the system's: the file may be whole, but can't be read, or there is no room
            raise ResultsError(f"{source} can't be unpacked: {error.strerror}.") from None
        why = str(error).partition(":\n")[0]  # what each compression had to say follows, a line each
        raise ResultsError(f"{source} is no whole tar file ({why}); copy it again.") from None
    return folder


def _require_end(tar):
    """Raise ReadError where what a tarfile took for the archive's end is a damaged header, or nothing at all.

    An archive ends in blocks of zeros.
    """
    tar.fileobj.seek(tar.offset)
    rest = tar.fileobj.read()
    if len(rest) < tarfile.BLOCKSIZE or any(rest):
        raise tarfile.ReadError("it breaks off" if not any(rest) else "a header in it is damaged")


def _unpack(tar, member, folder, source):
    """Write one member below the folder; nothing but plain files and folders, nothing outside."""
    target = Path(os.path.normpath(folder / member.name))
    if not target.is_relative_to(folder) or not (member.isfile() or member.isdir()):
        raise ResultsError(f"{source} is refused: its member {member.name!r} is no plain file inside it.")
    if member.isfile():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(tar.extractfile(member).read())


def _results_in(folder):
    return folder / "results" if (folder / "results").is_dir() else folder


def _check_sums(given):
    manifest = given / MANIFEST
    if not manifest.exists():
        return
    try:
        sums = dict(json.loads(manifest.read_bytes()))
    except (ValueError, TypeError):
        raise CorruptFile(f"{manifest.name} of the results is damaged; copy them again.") from None
    if unknown := sorted(_files(given).keys() - sums.keys()):
        raise CorruptFile(f"{unknown[0]} is not among what was exported; export it with the others, or leave it out.")
    for name, expected in sums.items():
        path = given / name
        if not path.is_file() or sha256_of(path.read_bytes()) != expected:
            raise CorruptFile(f"{name} is missing or not what was exported (its sha256 differs); copy the results again.")


def _stored_trials(given):
    store = Store(given)
    try:
        return {key: store.load(key) for key in store.keys()}
    except CorruptFile as error:
        raise CorruptFile(f"{error} Copy the results again.") from None
