"""Print every ratio: python -m benchmarks."""

import warnings
from itertools import chain

from benchmarks import (
    adversarial,
    compare,
    deep,
    flows,
    ica,
    linear,
    mixtures,
    rbm,
    registration,
    sparse_autoencoder,
)

PARTS = (
    mixtures,
    registration,
    linear,
    ica,
    deep,
    rbm,
    sparse_autoencoder,
    adversarial,
    flows,
)


def main() -> None:
    """Time every comparison; above one the library is the faster."""
    warnings.simplefilter("ignore")  # peers say that they did not converge
    print(f"{'work':44s} {'peer':14s} ratio  [range]       goal      ours  difference")
    for comparison in chain.from_iterable(part.comparisons() for part in PARTS):
        print(compare.run(comparison), flush=True)


if __name__ == "__main__":
    main()
