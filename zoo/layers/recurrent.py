"""What the recurrent models share."""


def unroll_by_default(x):
    """True for sequences short enough that writing out all steps pays for its longer compilation."""
    return x.shape[1] <= 32
