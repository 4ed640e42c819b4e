"""The library's losses compute what the equations print that they cite.

The printed LaTeX is read from the chapter and evaluated on random instances; the
functions get the same numbers as machine floats, and autograd finds their slopes.
"""

from typing import Any

import numpy as np
import pytest
import torch
from mpmath import mp

from claims.book import open_book
from claims.domains import Derived, Distribution, Index, Real, Size
from claims.fields import DIGITS, REAL
from claims.problem import Problem, places
from latent.adversarial import gan
from latent.deep.classifier import frechet_distance
from latent.foundations import divergences as div

BATCH: dict[str, Any] = {"N": Size(2, 6), "n": Index("N")}
BATCH |= {"a": Real("N"), "b": Real("N")}
FINITE: dict[str, Any] = {"K": Size(), "x": Index("K")}
FINITE |= {"p": Distribution("x"), "q": Distribution("x")}
CLOSE: dict[str, Any] = {"rtol": 1e-11, "atol": 1e-12}
seeds = pytest.mark.parametrize("seed", range(5))


def printed(label: str, given: dict[str, Any], seed: int) -> tuple[np.ndarray, Any]:
    """The last side at all values of its free indices, and the instance."""
    book = open_book()
    problem = Problem(label, book.equation(label, given), given, book, REAL)
    e = problem.draw(seed)
    with mp.workdps(DIGITS):
        found = [problem.at(problem.sides[-1], e, at) for at in places(problem.free, e)]
    return np.squeeze(np.asarray(found, dtype=float)), e


@seeds
def test_value_function(seed):
    wanted, e = printed("gan-value-logits", BATCH, seed)
    found = gan.value_function(*(torch.tensor(e.floats(name)) for name in "ab"))
    np.testing.assert_allclose(found, wanted, **CLOSE)


@seeds
@pytest.mark.parametrize(
    ("label", "loss"),
    [
        ("gan-saturating", gan.saturating_loss),
        ("gan-non-saturating", gan.non_saturating_loss),
    ],
)
def test_losses_of_the_generator(label, loss, seed):
    wanted, e = printed(label, BATCH, seed)
    logits = torch.tensor(e.floats("b"), requires_grad=True)
    nats = loss(logits)
    np.testing.assert_allclose(nats.detach(), wanted, **CLOSE)
    slopes, _ = printed(f"{label}-slope", BATCH, seed)
    np.testing.assert_allclose(torch.autograd.grad(nats, logits)[0], slopes, **CLOSE)


@seeds
def test_what_leaks_without_detach(seed):
    wanted, e = printed("gan-fake-slope", BATCH, seed)
    a, b = (torch.tensor(e.floats(name), requires_grad=True) for name in "ab")
    (leak,) = torch.autograd.grad(gan.value_function(a, b), b)
    np.testing.assert_allclose(leak, wanted, **CLOSE)


@seeds
def test_the_best_discriminators_value(seed):
    """The losses at printed logits, each outcome weighted, against the divergence."""
    wanted, e = printed("gan-js", FINITE, seed)
    p, q = e.floats("p"), e.floats("q")
    np.testing.assert_allclose(2 * div.js(p, q) - np.log(4), wanted, **CLOSE)
    found = torch.tensor(printed("gan-best-logit", FINITE, seed)[0])
    # One outcome at a time: its share of real inputs, then of made ones.
    never = torch.tensor([-700.0, 700.0], dtype=torch.float64)
    right = [gan.value_function(a, never[:1]).item() for a in found.split(1)]
    wrong = [gan.value_function(never[1:], b).item() for b in found.split(1)]
    np.testing.assert_allclose(p @ right + q @ wrong, wanted, **CLOSE)


@seeds
def test_frechet_distance(seed):
    """On samples whose moments are put into the printed formula."""
    rng = np.random.default_rng(seed)
    one, other = (rng.normal(size=(20, 3)) @ rng.normal(size=(3, 3)) for _ in range(2))
    products = np.cov(one.T) @ np.cov(other.T)
    tables = {"mu": one.mean(axis=0), "nu": other.mean(axis=0)}
    tables |= {"lambda": np.linalg.eigvals(products).real}
    axes = dict.fromkeys(tables, ("J",))
    tables |= {"Sigma": np.cov(one.T), "Omega": np.cov(other.T)}
    axes |= dict.fromkeys(("Sigma", "Omega"), ("J", "J"))
    given = {"J": Size(3, 3), "i": Index("J")}
    for name, table in tables.items():
        exact = np.vectorize(mp.mpf, otypes=[object])(table)
        given[name] = Derived(lambda e, exact=exact: exact, *axes[name])
    wanted, _ = printed("gan-frechet", given, seed)
    found = frechet_distance(torch.tensor(one), torch.tensor(other))
    np.testing.assert_allclose(found, wanted, rtol=1e-9)
