"""The functions of `latent.deep.fashion_manifold` against the equations that they cite.

The LaTeX is read from the chapter and evaluated on instances; nothing is retyped.
"""

from typing import Any

import numpy as np
import pytest
import torch
from mpmath import mp
from numpy.testing import assert_allclose
from torch.nn import functional as F

from claims.book import open_book
from claims.domains import (
    Distribution,
    Index,
    Joint,
    Label,
    Outcome,
    Positive,
    Real,
    Size,
)
from claims.fields import REAL
from claims.problem import Problem
from latent.deep import fashion_manifold as fm

MIXTURE: dict[str, Any] = {
    "N": Size(5, 9),
    "K": Size(),
    "C": Size(2, 4),
    "n": Index("N"),
    "k": Index("K"),
    "c": Index("C"),
    "y": Label("N", classes="C"),
    "z": Real("K"),
    "mu": Real("N", "K"),
    "v": Positive("N", "K"),
}
TABLE: dict[str, Any] = {
    "y": Outcome(),
    "y'": Outcome(),
    "z": Outcome(),
    "q": Joint("y", "z"),
    "s": Distribution("y", on="z"),
}
GRID: dict[str, Any] = {"M": Size(), "i": Index("M")}
seeds = pytest.mark.parametrize("seed", range(4))


def printed(label: str, given: dict[str, Any], seed: int) -> tuple[Problem, Any]:
    """A display of the chapter and a random instance of its letters."""
    book = open_book()
    problem = Problem(label, book.equation(label, given), given, book, REAL)
    return problem, problem.draw(seed)


def at(problem: Problem, side: int, e: Any, **place: int) -> float:
    """The printed side at these values of the free letters."""
    with mp.workdps(40):
        return float(problem.at(problem.sides[side], e, place))


@seeds
def test_mixture(seed: int) -> None:
    problem, e = printed("fashion-mixture", MIXTURE, seed)
    mean, variance, z = (torch.from_numpy(e.floats(k)) for k in ("mu", "v", "z"))
    labels = torch.tensor([int(label) - 1 for label in e.y])
    found = fm.log_joint(z[None], mean, variance.log(), labels, e.C).exp()[0]
    wanted = [at(problem, -1, e, c=c) for c in range(1, e.C + 1)]
    assert_allclose(found, wanted, rtol=1e-10)


@seeds
def test_label_posterior(seed: int) -> None:
    problem, e = printed("fashion-label-posterior", TABLE, seed)
    table = e.floats("q")
    found = fm.label_posterior(torch.from_numpy(np.log(table)).T).exp()
    wanted = [
        [at(problem, -1, e, y=y + 1, z=z + 1) for y in range(table.shape[0])]
        for z in range(table.shape[1])
    ]
    assert_allclose(found, wanted, rtol=1e-12)


@seeds
def test_information(seed: int) -> None:
    """The left side of the bound, for a table of frequencies of labels and codes."""
    problem, e = printed("cvae-probe", TABLE, seed)
    counts = np.random.default_rng(seed).integers(1, 9, size=e.q.shape)
    e = e.with_values(q=e.convert(counts / counts.sum()))
    y, z = (np.repeat(i.ravel(), counts.ravel()) for i in np.indices(counts.shape))
    guess = torch.from_numpy(np.log(e.floats("s")))[torch.from_numpy(z)]
    found = fm.information(guess, torch.from_numpy(y))
    assert_allclose(found, at(problem, 0, e), rtol=1e-9, atol=1e-12)


@seeds
def test_prior_grid(seed: int) -> None:
    problem, e = printed("fashion-grid", GRID, seed)
    wanted = np.array([at(problem, -1, e, i=i) for i in range(1, e.M + 1)])
    grid = torch.special.ndtr(fm.prior_grid(e.M).double()).reshape(e.M, e.M, 2)
    assert_allclose(grid[0, :, 0], wanted, rtol=1e-6)
    assert_allclose(grid[:, 0, 1], wanted[::-1], rtol=1e-6)


def test_decoder_is_the_distortion_of_the_library() -> None:
    """The printed log-probability, and the cross-entropy of logits that is trained."""
    given = {"D": Size(), "d": Index("D"), "x": Positive("D"), "m": Positive("D")}
    problem, e = printed("fashion-decoder", given, 0)
    x, m = np.random.default_rng(0).uniform(0.01, 0.99, size=(2, e.D))
    e = e.with_values(x=e.convert(x), m=e.convert(m))
    logits = torch.from_numpy(np.log(m / (1 - m)))
    found = -F.binary_cross_entropy_with_logits(
        logits, torch.from_numpy(x), reduction="sum"
    )
    assert_allclose(found, at(problem, -1, e), rtol=1e-10)
