"""Russian read speech of one speaker with the phone of every moment: 99.5 minutes, as log-mel frames every 10 ms."""

from pathlib import Path

from zoo.datasets.dataset import Info

INFO = Info(
    name="msu_ru_speech",
    title="Phones in 99.5 minutes of Russian speech of one speaker, 40 log-mel",
    licence="BSD-like (Nickolay V. Shmyrev 2005), see README",
    homepage="https://sourceforge.net/projects/festlang.berlios/",
    version="1.0.0",
    sizes={"train": 481_250, "validation": 55_824, "test": 58_812},
    input_shape=(42,),
    classes=51,
    class_names=tuple(
        (
            "a aa ae ay b bb c ch d dd e ee f ff g gg h hh i ii j k kk l ll m mm n nn oo p pau pp r rr s sch sh ss t tt u "
            "ur uu v vv y yy z zh zz"
        ).split()
    ),
    x_dtype="float16",
    sources={"mirror": "Debian package festvox-ru"},
    fingerprint="c4d9f549f6d0cf25ca662485d94252ad2deb87aeb44ddd52fa7e0cc0d298da27",
    folder=Path(__file__).parent,
)
