"""The library's steps with missing labels compute what the equations print they cite.

The printed LaTeX is read from the chapter and evaluated on random instances; the
functions get the same numbers as machine floats, the rows in the order of the book.
"""

from typing import Any

import numpy as np
import pytest

from claims.book import open_book
from claims.domains import (
    Defined,
    Definite,
    Derived,
    Index,
    Label,
    Positive,
    Real,
    Simplex,
    Size,
)
from claims.fields import REAL
from claims.problem import Problem
from latent.mixtures import gaussian_mixture as gmm
from latent.mixtures import semi_supervised_gda as ssgda
from tests.mixtures import test_gaussian_mixture_equations as mixture

GIVEN = {
    "l": Size(above="C"),
    "u": Size(5, 9),
    "C": Size(2, 4),
    "D": Size(2, 4),
    "T": Derived(lambda e: e.l + e.u),
    "n": Index("T"),
    "k": Index("C", start=0),
    "j": Index("C", start=0),
    "x": Real("T", "D"),
    "y": Label("l", classes="C", start=0),
    "lambda": Positive(),
    "phi": Simplex("0:C"),
    "mu": Real("0:C", "D"),
    "Sigma": Definite("0:C", "D", "D"),
    "r": Simplex("T", "0:C"),
    "p": Defined("ssgda-joint", "T", "0:C"),
    "R": Defined("ssgda-counts", "0:C"),
    "m": Defined("ssgda-labelled-means", "0:C", "D"),
    "v": Defined("ssgda-unlabelled-means", "0:C", "D"),
    "mu_hat": Defined("ssgda-m-step-means", "0:C", "D"),
}
CLOSE = mixture.CLOSE


class Printed(mixture.Printed):
    """A random instance, the chapter's formulas on it, and its tables as floats."""

    def __init__(self, seed: int):
        self.book = open_book(None)
        self.e = self.problem("ssgda-objective-mixture", {}).draw(seed)
        self.x, self.weight = self.e.floats("x"), self.e.floats("lambda")
        self.params = gmm.GaussianMixture(*map(self.e.floats, ("phi", "mu", "Sigma")))
        unknown = [ssgda.UNKNOWN] * int(self.e.u)
        self.labels = np.array([int(y) for y in self.e.y] + unknown)
        known = self.labels != ssgda.UNKNOWN
        one_hot = np.eye(len(self.params.weights))[self.labels]
        self.r = np.where(known[:, None], one_hot, self.e.floats("r"))

    def problem(self, label: str, given: dict[str, Any]) -> Problem:
        given = {**GIVEN, **given}
        return Problem(label, self.book.equation(label, given), given, self.book, REAL)

    def m_step(self, weight: float) -> gmm.GaussianMixture:
        return ssgda.m_step(self.params, self.x, self.r, self.labels, weight)


@pytest.fixture(params=mixture.SEEDS)
def printed(request: pytest.FixtureRequest) -> Printed:
    return Printed(request.param)


def test_objective(printed: Printed) -> None:
    _, found = ssgda.e_step(printed.params, printed.x, printed.labels, printed.weight)
    wanted = printed.value("ssgda-objective-mixture")[0]
    np.testing.assert_allclose(len(printed.x) * found, wanted, **CLOSE)


def test_objective_is_its_bound_at_the_e_step(printed: Printed) -> None:
    """With the responsibilities of the library in the printed bound."""
    r, found = ssgda.e_step(printed.params, printed.x, printed.labels, printed.weight)
    printed.e = printed.e.with_values(r=printed.e.convert(r))
    wanted = printed.value("ssgda-elbo")[0]
    np.testing.assert_allclose(len(printed.x) * found, wanted, **CLOSE)


def test_responsibilities(printed: Printed) -> None:
    """Of the rows without label; the others have the logarithm of the label's joint."""
    r, _ = ssgda.e_step(printed.params, printed.x, printed.labels, printed.weight)
    unknown = printed.labels == ssgda.UNKNOWN
    for label in ("ssgda-e-step", "ssgda-responsibilities"):
        wanted = printed.table(label)
        np.testing.assert_allclose(r[unknown], wanted[unknown], **CLOSE)


def test_log_joint_of_a_label(printed: Printed) -> None:
    """Both printed sides are the one entry of the row that is not minus infinity."""
    for side in (0, 1):
        problem = printed.problem("ssgda-product", {"n": Index("l")})
        for n, label in enumerate(printed.labels[: int(printed.e.l)]):
            row = ssgda.log_joint(printed.params, printed.x[[n]], int(label))[0]
            wanted = problem.at(problem.sides[side], printed.e, {"n": n + 1})
            assert np.isneginf(np.delete(row, label)).all()
            np.testing.assert_allclose(row[label], float(wanted), **CLOSE)


def test_means(printed: Printed) -> None:
    """Also as the mean of means."""
    found = printed.m_step(printed.weight).means
    for label in ("ssgda-m-step-means", "ssgda-mean-of-means"):
        np.testing.assert_allclose(found, printed.value(label, over="k"), **CLOSE)
    alone = printed.m_step(0.0).means
    wanted = printed.value("ssgda-labelled-means", over="k")
    np.testing.assert_allclose(alone, wanted, **CLOSE)


def test_weights(printed: Printed) -> None:
    found = printed.m_step(printed.weight).weights
    np.testing.assert_allclose(found, printed.value("ssgda-m-step-weights"), **CLOSE)
    total = printed.value("ssgda-total", side=1)[0]
    counts = printed.value("ssgda-counts", over="k")
    np.testing.assert_allclose(found, counts / total, **CLOSE)


def test_covariances(printed: Printed) -> None:
    found = printed.m_step(printed.weight).covariances
    wanted = printed.value("ssgda-m-step-covariances", over="k")
    np.testing.assert_allclose(found, wanted, **CLOSE)
