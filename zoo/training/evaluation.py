"""How many examples are evaluated at once: many, to be quick, or as many as Keras takes where that shows in the loss."""

ROWS = 16384  # examples times members that are evaluated at once
FEWEST, MOST = 128, 1024
KERAS_BATCH = 32  # of its evaluate, where none is given


def evaluation_rows(members, averages=True, keras_batch=KERAS_BATCH):
    """How many examples so many members evaluate at once, at most.

    averages: see Objective.averages; where it is False, so many as Keras would: keras_batch.
    """
    return min(MOST, max(FEWEST, ROWS // members)) if averages else keras_batch


def even_rows(n, rows):
    """The largest divisor of n in rows/2..rows, so that nothing is left over, else rows (or n)."""
    if n <= rows:
        return n
    return next((r for r in range(rows, rows // 2, -1) if n % r == 0), rows)
