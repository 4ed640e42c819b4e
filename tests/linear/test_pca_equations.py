"""The library's PCA computes what the equations print that it cites.

The printed LaTeX is read from the chapter and evaluated on random instances; the
functions get the same numbers as machine floats.
"""

from typing import Any

import numpy as np
import pytest
from mpmath import mp

from claims.book import open_book
from claims.domains import Defined, Index, Orthonormal, Real, Size
from claims.fields import DIGITS, REAL
from claims.instances import Instance
from claims.problem import Problem, places
from latent.linear import pca

GIVEN = {
    "N": Size(7, 9),
    "D": Size(4, 5),
    "K": Size(2, 3),
    "n": Index("N"),
    "d": Index("D"),
    "j": Index("D"),
    "k": Index("K"),
    "x": Real("N", "D"),
    "m": Real("D"),
    "U": Orthonormal("D", "K"),
    "u": Defined("pca-columns", "K", "D"),
    "x_bar": Defined("pca-mean", "D"),
    "S": Defined("pca-covariance", "D", "D"),
    "Y": Defined("pca-rows", "N", "D"),
    "G": Defined("pca-gram-matrix", "N", "N"),
    "lambda": Real("D"),
    "v": Real("D", "D"),
    "mu": Real(),
    "w": Real("N"),
}
WIDE = {"N": Size(3, 4), "D": Size(6, 7)}
CLOSE: dict[str, Any] = {"rtol": 1e-10, "atol": 1e-10}


class Printed:
    """Random data, a model fitted to them, and the chapter's formulas on both.

    The fitted components stand for U, the mean for m.
    """

    def __init__(self, seed: int, wide: bool):
        self.book = open_book(None)
        self.given = {**GIVEN, **(WIDE if wide else {})}
        e = self.problem("pca-distortion").draw(seed)
        self.x, self.k = e.floats("x"), e.K
        self.all = pca.fit(self.x, min(self.x.shape))
        self.params = pca.fit(self.x, self.k)
        fitted = {"U": self.params.components.T, "m": self.params.mean}
        self.e = e.with_values(**{k: e.convert(v) for k, v in fitted.items()})

    def problem(self, label: str, **letters: Any) -> Problem:
        given = {**self.given, **letters}
        return Problem(label, self.book.equation(label, given), given, self.book, REAL)

    def value(self, label: str, side: int = -1, **letters: Any) -> np.ndarray:
        """The side's value for all values of the equation's free indices.

        An `x` to put in is a single point, where the display means any.
        """
        point = {"x": Real("D")} if "x" in letters else {}
        problem = self.problem(label, **point)
        new = {k: self.e.convert(v) for k, v in letters.items()}
        e = Instance(problem.given, {**self.e.values, **new}, REAL, problem.lookup)
        with mp.workdps(DIGITS):
            at = places([k for k in "njk" if k in problem.free], e)
            found = [problem.at(problem.sides[side], e, place) for place in at]
        return np.array([np.squeeze(np.asarray(v, dtype=float)) for v in found])


@pytest.fixture(params=[(s, w) for s in range(3) for w in (False, True)])
def printed(request: pytest.FixtureRequest) -> Printed:
    return Printed(*request.param)


def test_mean_and_covariance(printed: Printed) -> None:
    mean = pca.mean_of(printed.x)
    np.testing.assert_allclose(mean, printed.value("pca-mean")[0], **CLOSE)
    np.testing.assert_allclose(
        pca.covariance(printed.x, mean), printed.value("pca-covariance")[0], **CLOSE
    )


def test_components_are_eigenvectors(printed: Printed) -> None:
    """Both printed sides, with the model's variances and directions put in."""
    D = printed.x.shape[1]
    some = len(printed.all.variances)
    vectors = np.zeros((D, D))
    vectors[:some] = printed.all.components
    values = np.zeros(D)
    values[:some] = printed.all.variances
    sides = [
        printed.value("pca-eigenvector", s, v=vectors, **{"lambda": values})
        for s in (0, 1)
    ]
    np.testing.assert_allclose(sides[0], sides[1], **CLOSE)
    assert np.abs(sides[0]).max() > 1e-3


def test_gram_matrix_and_its_components(printed: Printed) -> None:
    y = printed.x - printed.x.mean(axis=0)
    gram = printed.value("pca-gram-matrix")[0]
    np.testing.assert_allclose(y @ y.T / len(y), gram, **CLOSE)
    values, vectors = np.linalg.eigh(gram)
    for k in range(printed.k):
        letters = {"mu": values[-1 - k], "w": vectors[:, -1 - k]}
        found = printed.value("pca-gram-component", **letters)
        np.testing.assert_allclose(
            pca.signed(found)[0], printed.params.components[k], **CLOSE
        )
        np.testing.assert_allclose(letters["mu"], printed.params.variances[k], **CLOSE)


def test_scores_and_reconstruction(printed: Printed) -> None:
    scores = pca.transform(printed.params, printed.x)
    wanted = [printed.value("pca-scores", x=x)[0] for x in printed.x]
    np.testing.assert_allclose(scores, wanted, **CLOSE)
    seen = pca.reconstruct(printed.params, scores)
    np.testing.assert_allclose(seen, printed.value("pca-projection"), **CLOSE)


def test_distortion_by_every_printed_formula(printed: Printed) -> None:
    """At the model: the definition, both forms with S, and the sum of eigenvalues."""
    seen = pca.reconstruct(printed.params, pca.transform(printed.params, printed.x))
    error = ((printed.x - seen) ** 2).sum(axis=1).mean()
    for label in ("pca-distortion", "pca-offset", "pca-trace"):
        np.testing.assert_allclose(error, printed.value(label)[0], **CLOSE)
    values = np.zeros(printed.x.shape[1])
    values[: len(printed.all.variances)] = printed.all.variances
    for label in ("pca-minimum", "pca-eigenvalues"):
        found = printed.value(label, **{"lambda": values})[0]
        np.testing.assert_allclose(error, found, **CLOSE)


def test_share_kept(printed: Printed) -> None:
    values = np.zeros(printed.x.shape[1])
    values[: len(printed.all.variances)] = printed.all.variances
    wanted = printed.value("pca-share-kept", **{"lambda": values})[0]
    np.testing.assert_allclose(
        pca.explained_variance(printed.params).sum(), wanted, **CLOSE
    )
