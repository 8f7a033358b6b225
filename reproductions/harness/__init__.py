"""What every reproduction shares (Trial, checks, Published), and what runs, tabulates and moves its results.

Nothing heavy is imported until it is used (PEP 562), so that listing the claims is quick.
"""

import importlib

_HOMES = {
    "Budget": "trial",
    "Check": "verdicts",
    "Ladder": "depth",
    "Published": "published",
    "Trial": "trial",
    "WithFiles": "trial",
    "as_published": "verdicts",
    "check": "verdicts",
    "claim_figure": "reading",
    "claim_losses": "reading",
    "claim_runs": "reading",
    "compare": "reading",
    "control": "verdicts",
    "describe_claim": "claims",
    "export_results": "transfer",
    "import_results": "transfer",
    "list_claims": "claims",
    "load_claim": "claims",
    "paired_difference": "verdicts",
    "paired_interval": "statistics",
    "ratio": "verdicts",
    "rebuild": "making",
    "recheck_claim": "recheck",
    "results_root": "roots",
    "run_claim": "runner",
    "target": "verdicts",
    "write_report": "report",
}

__all__ = sorted(_HOMES)


def __getattr__(name):
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *_HOMES})
