"""The four original archives of Fashion-MNIST, from its authors or a Debian package, and their parsing."""

from zoo.datasets import cache, mirrors, mnist_family, official
from zoo.datasets.dataset import Source
from zoo.datasets.fashion_mnist import INFO

OFFICIAL = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
MIRROR = "dataset-fashion-mnist"
ORIGINALS = (
    mnist_family.Original(
        "train-images-idx3-ubyte",
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "train-images-idx3-ubyte",
        1504176606,
    ),
    mnist_family.Original(
        "train-labels-idx1-ubyte",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "train-labels-idx1-ubyte",
        1504176606,
    ),
    mnist_family.Original(
        "t10k-images-idx3-ubyte",
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "t10k-images-idx3-ubyte",
        1504176627,
    ),
    mnist_family.Original(
        "t10k-labels-idx1-ubyte",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        "t10k-labels-idx1-ubyte",
        1504176627,
    ),
)


def from_official(folder, tell):
    """The four archives from where TFDS downloads them."""
    official.download(OFFICIAL, [f"{original.file}.gz" for original in ORIGINALS], folder, tell)


def from_mirror(folder, tell):
    """The four archives rebuilt from the recompressed files in a Debian package."""
    tell(f"downloading Debian package {MIRROR} (31 MB)")
    mirrors.apt_download(MIRROR, folder, tell, cache.kept(INFO.name))
    shipped = folder / "usr" / "share" / "datasets" / "fashion-mnist"
    for original in ORIGINALS:
        mnist_family.rebuild(original, shipped / f"{original.file}.gz", folder)


NEEDS = mnist_family.NEEDS
SOURCES = {
    "official": Source(from_official, "connect to the internet"),
    "mirror": Source(from_mirror, "make `apt-get download` work (Debian or Ubuntu, a package server)"),
}


def build(folder):
    """Parse the archives; see mnist_family.build."""
    return mnist_family.build("fashion_mnist", folder)
