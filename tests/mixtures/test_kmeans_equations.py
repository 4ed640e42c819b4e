"""The library's K-means computes what the equations print that it cites.

The printed LaTeX is read from the chapter and evaluated on random instances; the
functions get the same numbers as machine floats.
"""

from typing import Any

import numpy as np
import pytest
from mpmath import mp

from claims.book import open_book
from claims.domains import Index, OneHot, Real, Size
from claims.fields import DIGITS, REAL
from claims.problem import Problem, places
from latent.mixtures import kmeans

GIVEN = {
    "N": Size(7, 12),
    "D": Size(),
    "K": Size(2, 4),
    "n": Index("N"),
    "k": Index("K"),
    "i": Index("N"),
    "j": Index("K"),
    "x": Real("N", "D"),
    "mu": Real("K", "D"),
    "o": Real("D"),
    "r": OneHot("N", "K"),
}
SEEDS = range(5)


class Printed:
    """A random instance, the chapter's formulas on it, and its tables as floats."""

    def __init__(self, seed: int):
        self.book = open_book(None)
        self.e = self.problem("kmeans-distortion").draw(seed)
        self.x, self.mu, self.r = map(self.e.floats, ("x", "mu", "r"))

    def problem(self, label: str) -> Problem:
        return Problem(label, self.book.equation(label, GIVEN), GIVEN, self.book, REAL)

    def value(self, label: str, side: int = -1, **letters: Any) -> np.ndarray:
        """The side's value for all values of the equation's free indices."""
        e = self.e.with_values(**{k: self.e.convert(v) for k, v in letters.items()})
        problem = self.problem(label)
        with mp.workdps(DIGITS):
            at = places([k for k in ("n", "k") if k in problem.free], e)
            found = [problem.at(problem.sides[side], e, place) for place in at]
        return np.array([np.ravel(v).astype(float) for v in found]).squeeze()


@pytest.fixture(params=SEEDS)
def printed(request: pytest.FixtureRequest) -> Printed:
    return Printed(request.param)


def test_assignment_and_distortion(printed: Printed) -> None:
    """`e_step` returns the assignments and the distortion divided by -N."""
    nearest, objective = kmeans.e_step(kmeans.KMeans(printed.mu), printed.x)
    wanted = printed.value("kmeans-assignment").reshape(nearest.shape)
    np.testing.assert_array_equal(nearest, wanted)
    distortion = printed.value("kmeans-distortion", r=wanted.astype(int))
    np.testing.assert_allclose(-len(printed.x) * objective, distortion, rtol=1e-12)


def test_predict(printed: Printed) -> None:
    labels = kmeans.predict(kmeans.KMeans(printed.mu), printed.x)
    wanted = printed.value("kmeans-assignment").reshape(len(printed.x), -1)
    np.testing.assert_array_equal(labels, wanted.argmax(axis=1))


def test_distance_orders_the_centres_as_the_library_does(printed: Printed) -> None:
    """About the first centre, as in `e_step`; and both printed sides agree."""
    origin = printed.e["mu"][0]
    affine = printed.value("kmeans-distance", o=origin).reshape(len(printed.x), -1)
    direct = printed.value("kmeans-distance", 0, o=origin).reshape(affine.shape)
    np.testing.assert_allclose(affine, direct, rtol=1e-12, atol=1e-14)
    nearest, objective = kmeans.e_step(kmeans.KMeans(printed.mu), printed.x)
    np.testing.assert_array_equal(nearest.argmax(axis=1), affine.argmin(axis=1))
    rest = ((printed.x - printed.mu[0]) ** 2).sum(axis=1)
    np.testing.assert_allclose(-objective, (affine.min(axis=1) + rest).mean())


def test_centroid(printed: Printed) -> None:
    found = kmeans.m_step(
        kmeans.KMeans(printed.mu), printed.x, printed.r.astype(bool)
    ).centers
    np.testing.assert_allclose(found, printed.value("kmeans-centroid"), rtol=1e-12)


class Recorder(np.random.Generator):
    """A generator that draws given rows and keeps the probabilities it was given."""

    def __init__(self, rows: list[int]):
        super().__init__(np.random.PCG64(0))
        self.rows, self.seen = list(rows), []

    def integers(self, *_: Any, **__: Any) -> Any:
        return self.rows.pop(0)

    def choice(self, *_: Any, p: Any = None, **__: Any) -> Any:
        self.seen.append(p)
        return self.rows.pop(0)


def test_plus_plus(printed: Printed) -> None:
    """Each next centre is drawn with the printed probabilities."""
    rows = [3, 1, 5]
    recorder = Recorder(rows)
    kmeans.init(printed.x, len(rows), rng=recorder)
    for drawn, found in enumerate(recorder.seen, start=1):
        centres = printed.e["x"][rows[:drawn]]
        wanted = printed.value("kmeans-plus-plus", mu=centres, K=drawn)
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-15)
