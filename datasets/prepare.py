"""From a data set's module to verified arrays in the cache: try the sources in turn, build, publish."""

import importlib.util

from zoo.datasets import cache, own
from zoo.datasets.dataset import SPLITS, SourceFailed
from zoo.errors import CacheError, CorruptFile, DataUnavailable, InvalidInput


class OtherSource(cache.Unusable):
    """What is in the cache is whole, but not from the source that is asked for."""


def ready(info, source, tell, thorough=False):
    """(manifest, {name: array}) from the cache, which is filled or repaired first where needed."""
    if source is not None and not (isinstance(source, str) and source in info.sources):
        known = " or ".join(repr(name) for name in info.sources)
        raise InvalidInput(f"{info.name} has no source called {source!r:.80}; it has {known}.")
    try:
        manifest, arrays = _cached(info, source, thorough)
        if thorough:
            cache.compare(info, manifest, tell)
        return manifest, arrays
    except cache.Unusable as found:
        reason = found
    if own.is_own(info.name):
        anew = f"Add it again with --force; it came from {info.sources['own']}."
        raise CorruptFile(f"{info.name} cannot be loaded: {reason}. {anew}")
    try:
        return _prepared(info, source, tell, thorough)
    except CacheError as error:  # who did not want to write learns why that was tried
        raise CacheError(f"{info.name} has to be prepared: {reason}. {error}") from error


def _prepared(info, source, tell, thorough):
    """What ready returns, after the cache was filled or repaired, unless another process has done it meanwhile."""
    with cache.building(info.name, tell) as folder:
        try:
            return _cached(info, source, thorough)  # another process may have been faster
        except cache.Unusable as reason:
            if reason.corrupt:
                tell(f"the cache of {info.name} is corrupt: {reason}; preparing it anew")
            built, provenance = _from_sources(info, source, folder, tell, reason)
        splits = {f"{split}_{part}": getattr(built.splits[split], part) for split in SPLITS for part in "xy"}
        check(info, splits)
        manifest = {"name": info.name, "version": info.version, "layout": cache.LAYOUT, "provenance": provenance}
        manifest["arrays"] = cache.write_arrays(folder / "arrays", splits)
        cache.compare(info, manifest, tell)
        cache.publish(info.name, folder / "arrays", manifest)
        return _cached(info, source, thorough=False)


def _cached(info, source, thorough):
    manifest, arrays = cache.read(info, thorough)
    if source not in (None, manifest["provenance"]["source"]):
        raise OtherSource(f"it came from the {manifest['provenance']['source']} source")
    return manifest, arrays


def _from_sources(info, source, folder, tell, reason):
    """(Built, provenance) from the first source that delivers; DataUnavailable if none does."""
    module = importlib.import_module(f"zoo.datasets.{info.name}.build")  # only now: a warm load needs none of it
    _require(info, getattr(module, "NEEDS", {}), reason)
    failures = {}
    for name in [source] if source else info.sources:
        files = folder / name
        files.mkdir()
        try:
            module.SOURCES[name].gather(files, tell)
            tell(f"preparing {info.name} from the {name} source ({info.sources[name]})")
            built = module.build(files)
        except SourceFailed as failure:
            failures[name] = failure
            tell(f"the {name} source of {info.name} ({info.sources[name]}) does not deliver: {failure}")
            continue
        provenance = {
            "source": name,
            "from": info.sources[name],
            "made_with": built.made_with,
            "licence": info.licence,
            "homepage": info.homepage,
        }
        return built, provenance
    tried = "; ".join(f"{name} source ({info.sources[name]}): {why}" for name, why in failures.items())
    if isinstance(reason, OtherSource):
        raise DataUnavailable(
            f"{info.name} cannot be had from the {tried}. What is in the cache stays usable ({reason}): name no source"
            " (--from) to load that."
        )
    remedies = [module.SOURCES[name].remedy for name in failures]
    raise DataUnavailable(
        f"{info.name} cannot be loaded: {reason}, and no source delivers it. Tried the {tried}. To help it,"
        f" {', or '.join(remedies)}, or unpack a cache from another machine (zoo data pack and unpack)."
    )


def _require(info, needs, reason):
    missing = [package for module, package in needs.items() if importlib.util.find_spec(module) is None]
    if missing:
        instead = "unpack a cache from another machine (zoo data pack and unpack)"
        if isinstance(reason, OtherSource):
            instead = "name no source (--from) to load that"
        raise DataUnavailable(
            f"{info.name} cannot be loaded: {reason}, and preparing it needs {', '.join(missing)}, not installed here. Install"
            f" that, or {instead}."
        )


def check(info, arrays):
    """Raise CorruptFile unless the arrays are what the Info promises: sizes, shapes, dtypes, labels in range."""
    for split in SPLITS:
        x, y = arrays[f"{split}_x"], arrays[f"{split}_y"]
        found = (len(x), len(y), x.shape[1:], x.dtype.name, y.dtype.name)
        size = info.sizes[split]
        promised = (size, size, info.input_shape, info.x_dtype, info.y_dtype)
        if found != promised:
            raise CorruptFile(f"The {split} split of {info.name} is {found} instead of {promised}.")
        if info.classes is not None and not (0 <= y.min() and y.max() < info.classes):
            raise CorruptFile(f"The {split} split of {info.name} has labels outside 0..{info.classes - 1}.")
