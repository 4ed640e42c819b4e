"""The library's registration computes what the equations print that it cites.

The printed LaTeX is read from the chapter and evaluated on random instances; the
functions get the same numbers as machine floats.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from claims.book import open_book
from claims.domains import Defined, Index, Positive, Real, Size, Unit
from claims.fields import REAL
from claims.problem import Problem
from latent.mixtures import registration as rg
from tests.mixtures.test_gaussian_mixture_equations import CLOSE, SEEDS
from tests.mixtures.test_gaussian_mixture_equations import Printed as Base

GIVEN = {
    "N": Size(7, 12),
    "M": Size(4, 6),
    "D": Size(2, 3),
    "n": Index("N"),
    "m": Index("M"),
    "j": Index("M"),
    "d": Index("D"),
    "x": Real("N", "D"),
    "y": Real("M", "D"),
    "T": Real("D"),
    "A": Real("D", "D"),
    "c": Positive(),
    "sigma": Positive(),
    "w": Unit(),
    "B": Positive(),
    "r": Positive("N", "M"),
    "mu": Defined("registration-centres", "M", "D"),
    "W": Defined("registration-weight"),
    "x_bar": Defined("registration-mean-x", "D"),
    "y_bar": Defined("registration-mean-y", "D"),
    "H": Defined("registration-cross", "D", "D"),
    "S": Defined("registration-mean-square"),
    "S_bar": Defined("registration-weighted-square"),
    "E": Defined("registration-spread-x"),
    "F": Defined("registration-spread-y"),
    "T_hat": Defined("registration-shift", "D"),
    "u": Real("D", "D"),
    "v": Real("D", "D"),
    "U": Real("D", "D"),
    "V": Real("D", "D"),
}


class Printed(Base):
    """A random instance with a rotation in it, and the model that it describes."""

    def __init__(self, seed: int):
        self.book = open_book(None)
        e = self.problem("registration-outlier-likelihood", {}).draw(seed)
        turn = rg.nearest_rotation(e.floats("A"))
        self.e = e.with_values(A=e.convert(turn))
        self.x, self.y, self.T = map(self.e.floats, ("x", "y", "T"))
        c, sigma, w, box = (float(self.e[name]) for name in ("c", "sigma", "w", "B"))
        self.params = rg.Registration(self.y, self.T, turn, c, sigma**2, w, box)

    def problem(self, label: str, given: dict[str, Any]) -> Problem:
        given = {**given, **GIVEN}
        return Problem(label, self.book.equation(label, given), given, self.book, REAL)

    def pairs(self, label: str, side: int = -1, **letters: Any) -> np.ndarray:
        """The side for all n and m, of shape (N, M)."""
        return self.value(label, side, "nm", **letters).reshape(len(self.x), -1)


@pytest.fixture(params=SEEDS)
def printed(request: pytest.FixtureRequest) -> Printed:
    return Printed(request.param)


def test_centres_and_log_joint(printed: Printed) -> None:
    found = rg.centres(printed.params)
    wanted = printed.value("registration-centres", over="m")
    np.testing.assert_allclose(found, wanted, **CLOSE)
    joint = rg.log_joint(printed.params, printed.x)[:, :-1]
    np.testing.assert_allclose(joint, printed.pairs("registration-log-joint"), **CLOSE)


def test_responsibilities_and_likelihood(printed: Printed) -> None:
    """`responsibilities`, their sums by `e_step`, and its objective."""
    r = printed.pairs("registration-outlier-responsibilities")
    found = rg.responsibilities(printed.params, printed.x)
    np.testing.assert_allclose(found, r, **CLOSE)
    matches, objective = rg.e_step(printed.params, printed.x)
    total = printed.value("registration-outlier-likelihood")[0]
    np.testing.assert_allclose(len(r) * objective, total, **CLOSE)
    counts = printed.value("registration-counts", over="m", r=r)
    np.testing.assert_allclose(matches.counts, counts, **CLOSE)
    weight = printed.value("registration-weight", r=r)[0]
    np.testing.assert_allclose(matches.matched.sum(), weight, **CLOSE)


def test_one_translation(printed: Printed) -> None:
    """Without rotation, scale and outliers: the formulas of the first half."""
    still = replace(printed.params, rotation=np.eye(len(printed.T)), scale=1.0)
    still = replace(still, outliers=0.0)
    even = np.full((len(printed.x), len(printed.y)), 1 / len(printed.y))
    for label in ("registration-responsibilities", "registration-soft"):
        r = printed.pairs(label, Pi=even)
        found = rg.responsibilities(still, printed.x)
        np.testing.assert_allclose(found, r, **CLOSE)
    np.testing.assert_allclose(found, printed.pairs("registration-even"), **CLOSE)
    total = printed.value("registration-likelihood")[0]
    matches, objective = rg.e_step(still, printed.x)
    np.testing.assert_allclose(len(r) * objective, total, **CLOSE)
    new = rg.m_step(still, printed.x, matches, rotate=False, rescale=False)
    for label in ("registration-translation", "registration-translation-means"):
        shift = printed.value(label, r=r, R=r.sum(axis=0))[0]
        np.testing.assert_allclose(new.translation, shift, **CLOSE)
    sigma = printed.value("registration-noise", r=r, T_hat=shift)[0]
    np.testing.assert_allclose(new.variance, sigma**2, **CLOSE)


def test_the_whole_movement(printed: Printed) -> None:
    """`m_step`: each printed update with the results of the ones before it."""
    matches, _ = rg.e_step(printed.params, printed.x)
    r = rg.responsibilities(printed.params, printed.x)
    new = rg.m_step(printed.params, printed.x, matches)
    H = printed.value("registration-cross", r=r)[0]
    left, _, right = np.linalg.svd(H)
    letters = {"U": left, "V": right.T, "u": left.T, "v": right}
    turn = printed.value("registration-rotation", **letters)[0]
    np.testing.assert_allclose(new.rotation, turn, **CLOSE)
    scale = printed.value("registration-scale", r=r, A=turn)[0]
    np.testing.assert_allclose(new.scale, scale, **CLOSE)
    moved = {"r": r, "A": turn, "c": scale}
    shift = printed.value("registration-shift", **moved)[0]
    np.testing.assert_allclose(new.translation, shift, **CLOSE)
    sigma = printed.value("registration-variance", T=shift, **moved)[0]
    np.testing.assert_allclose(new.variance, sigma**2, **CLOSE)


def test_the_noise_where_the_scale_is_held(printed: Printed) -> None:
    """By either side of the split, which holds for every scale."""
    matches, _ = rg.e_step(printed.params, printed.x)
    r = rg.responsibilities(printed.params, printed.x)
    new = rg.m_step(printed.params, printed.x, matches, rescale=False)
    letters = {"r": r, "A": new.rotation, "c": new.scale}
    for side in (0, 1):
        left = printed.value("registration-split", side, **letters)[0]
        found = new.variance * r.sum() * len(printed.T)
        np.testing.assert_allclose(found, left, **CLOSE)


def test_closest_points(printed: Printed) -> None:
    still = replace(printed.params, rotation=np.eye(len(printed.T)), scale=1.0)
    hard = printed.pairs("registration-icp")
    found, _ = rg.closest_points(still, printed.x)
    np.testing.assert_array_equal(found.counts, hard.sum(axis=0))
    nearest = rg.predict(replace(still, outliers=0.0), printed.x)
    np.testing.assert_array_equal(nearest, hard.argmax(axis=1))
