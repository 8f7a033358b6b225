"""From a data set's module to verified arrays in the cache: try the sources in turn, build, publish."""

from zoo.datasets import cache
from zoo.datasets.dataset import SPLITS, SourceFailed
from zoo.errors import DataUnavailable, InvalidInput


def ready(module, source, tell, thorough=False):
    """(manifest, {name: array}) from the cache, which is filled or repaired first where needed."""
    info = module.INFO
    if source is not None and source not in module.SOURCES:
        known = " or ".join(repr(name) for name in module.SOURCES)
        raise InvalidInput(f"{info.name} has no source called {source!r}; it has {known}.")
    try:
        return _cached(info, source, thorough)
    except cache.Unusable:
        pass
    with cache.building(info.name, tell) as folder:
        try:
            return _cached(info, source, thorough)  # another process may have been faster
        except cache.Unusable as reason:
            if reason.corrupt:
                tell(f"the cache of {info.name} is corrupt: {reason}; preparing it anew")
            built, provenance = _from_sources(module, source, folder, tell, reason)
        splits = {f"{split}_{part}": getattr(built.splits[split], part) for split in SPLITS for part in "xy"}
        check(info, splits)
        manifest = {"name": info.name, "version": info.version, "layout": cache.LAYOUT, "provenance": provenance}
        manifest["arrays"] = cache.write_arrays(folder / "arrays", splits)
        cache.publish(info.name, folder / "arrays", manifest)
    return _cached(info, source, thorough=False)


def _cached(info, source, thorough):
    manifest, arrays = cache.read(info, thorough)
    if source not in (None, manifest["provenance"]["source"]):
        raise cache.Unusable(f"it came from the {manifest['provenance']['source']} source")
    return manifest, arrays


def _from_sources(module, source, folder, tell, reason):
    """(Built, provenance) from the first source that delivers; DataUnavailable if none does."""
    info, failures = module.INFO, {}
    for name in [source] if source else module.SOURCES:
        place = module.SOURCES[name]
        own = folder / name
        own.mkdir()
        try:
            place.gather(own, tell)
            tell(f"preparing {info.name} from the {name} source ({place.what})")
            built = module.build(own)
        except SourceFailed as failure:
            failures[name] = failure
            continue
        provenance = {
            "source": name, "from": place.what, "made_with": built.made_with,
            "licence": info.licence, "homepage": info.homepage,
        }
        return built, provenance
    raise DataUnavailable(_nothing_answers(module, failures, reason))


def _nothing_answers(module, failures, reason):
    tried = "; ".join(f"{name} source ({module.SOURCES[name].what}): {why}" for name, why in failures.items())
    remedies = [module.SOURCES[name].remedy for name in failures]
    return (
        f"{module.INFO.name} cannot be loaded: {reason}, and no source delivers it. Tried the {tried}. To help it,"
        f" {', or '.join(remedies)}, or unpack a cache from another machine (zoo.datasets.pack and unpack)."
    )


def check(info, arrays):
    """Raise CorruptFile unless the arrays are what the Info promises: sizes, shapes, dtypes, labels in range."""
    from zoo.errors import CorruptFile

    for split in SPLITS:
        x, y = arrays[f"{split}_x"], arrays[f"{split}_y"]
        found = (len(x), len(y), x.shape[1:], x.dtype.name, y.dtype.name)
        size = info.sizes[split]
        promised = (size, size, info.input_shape, info.x_dtype, info.y_dtype)
        if found != promised:
            raise CorruptFile(f"The {split} split of {info.name} is {found} instead of {promised}.")
        if info.classes is not None and not (0 <= y.min() and y.max() < info.classes):
            raise CorruptFile(f"The {split} split of {info.name} has labels outside 0..{info.classes - 1}.")
