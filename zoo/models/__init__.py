"""One file per architecture; the file is found by its name, see zoo/registry.py."""
