"""Print every ratio: python -m benchmarks."""

import warnings
from itertools import chain

from benchmarks import compare, mixtures, registration
from benchmarks import compare, linear, mixtures
from benchmarks import compare, ica, mixtures


def main() -> None:
    """Time every comparison; above one the library is the faster."""
    warnings.simplefilter("ignore")  # peers say that they did not converge
    print(f"{'work':44s} {'peer':14s} ratio  [range]       goal      ours  difference")
    for comparison in chain(mixtures.comparisons(), registration.comparisons()):
    for comparison in chain(mixtures.comparisons(), linear.comparisons()):
    for comparison in chain(mixtures.comparisons(), ica.comparisons()):
        print(compare.run(comparison), flush=True)


if __name__ == "__main__":
    main()
