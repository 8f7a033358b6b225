"""The command `zoo`. Listing is quick: no command imports Keras before it needs it.

Exit codes: 0 done, 1 failed, 2 wrong usage (an unknown name or option), 130 interrupted.
"""

from zoo.cli.app import main

__all__ = ["main"]
