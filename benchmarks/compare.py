"""Run two ways of doing the same work in turn and compare their times and results."""

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import gc  # noqa: E402
import statistics  # noqa: E402
import time  # noqa: E402
from collections.abc import Callable, Sequence  # noqa: E402
from dataclasses import dataclass  # noqa: E402

import numpy as np  # noqa: E402


@dataclass(frozen=True)
class Comparison:
    """Work done twice: by the peer and by the library.

    Attributes:
        work: what is done, with its sizes.
        peer: whose time is divided by ours.
        theirs: does the work; returns arrays.
        ours: does the same work; returns the same arrays.
        goal: the ratio to reach, where one was set beforehand.
        rounds: how often each is run.
    """

    work: str
    peer: str
    theirs: Callable[[], Sequence[np.ndarray]]
    ours: Callable[[], Sequence[np.ndarray]]
    goal: float | None = None
    rounds: int = 7


def run(comparison: Comparison) -> str:
    """One line of the table; the ratio is the median over the rounds.

    Raises:
        AssertionError: the results differ by more than a millionth.
    """
    pairs = zip(comparison.theirs(), comparison.ours(), strict=True)  # also warms up
    difference = max(relative(a, b) for a, b in pairs)
    if not difference < 1e-6:
        raise AssertionError(f"{comparison.work}: results differ by {difference:.1e}")
    ratios, seconds = [], []
    for _ in range(comparison.rounds):
        theirs, ours = clock(comparison.theirs), clock(comparison.ours)
        ratios.append(theirs / ours)
        seconds.append(ours)
    low, high = min(ratios), max(ratios)
    goal = "none" if comparison.goal is None else f"{comparison.goal:.2f}"
    return (
        f"{comparison.work:44s} {comparison.peer:14s} "
        f"{statistics.median(ratios):5.2f}  [{low:.2f}, {high:.2f}]  "
        f"{goal:>5s}  {statistics.median(seconds):8.3f} s  {difference:.0e}"
    )


def clock(work: Callable[[], object]) -> float:
    """Seconds that one call takes."""
    gc.collect()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def relative(a: np.ndarray, b: np.ndarray) -> float:
    """The largest difference, in units of the largest entry."""
    a, b = np.asarray(a), np.asarray(b)
    return float(np.abs(a - b).max() / np.abs(a).max())
