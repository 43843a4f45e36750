"""Snakemake's command line."""

from collections.abc import Collection, Sequence


def with_targets(arguments: Sequence[str], targets: Collection[str], other: str) -> list[str]:
    """Return the arguments of a run with another target in place of its own.

    The new one comes first, where no option takes it for a value of its own.

    Parameters
    ----------
    arguments
        As typed, without the name of the program.
    targets
        Those among them that are targets, as Snakemake has understood it.
    other
        The new target.
    """
    left = list(arguments)
    for target in targets:
        # An option before, such as --forcerun, may have the same value.
        del left[len(left) - 1 - left[::-1].index(target)]
    return [other, *(argument for argument in left if argument != "--")]
