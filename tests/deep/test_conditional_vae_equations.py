"""The conditional autoencoder computes what the equations print that it cites.

The printed LaTeX is read from the chapter and evaluated on random instances; the
functions get the same numbers in double precision.
"""

from typing import Any

import numpy as np
import pytest
import torch
from mpmath import mp
from torch.nn import functional as F

from claims.book import open_book
from claims.domains import (
    Binary,
    Defined,
    Derived,
    Distribution,
    Index,
    Joint,
    Outcome,
    Positive,
    Real,
    Simplex,
    Size,
)
from claims.fields import DIGITS, REAL
from claims.instances import Instance
from claims.problem import Problem, places
from latent import pixels
from latent.deep import conditional_vae as cv
from latent.deep.vae import kl_to_standard_normal

IMAGE: dict[str, Any] = {
    "D": Size(3, 6),
    "d": Index("D"),
    "x": Binary("D"),
    "a": Real("D"),
    "rho": Defined("cvae-probability", "D"),
}
CODE: dict[str, Any] = {
    "K": Size(2, 4),
    "k": Index("K"),
    "mu": Real("K"),
    "sigma": Positive("K"),
    "kappa": Defined("cvae-kl-one", "K"),
}
LABEL: dict[str, Any] = {
    "C": Size(3, 5),
    "c": Index("C"),
    "j": Index("C"),
    "pi": Simplex("C"),
    "b": Real("C"),
}
CLOSE: dict[str, Any] = {"rtol": 1e-11, "atol": 1e-12}


def printed(label: str, given: dict[str, Any], e: Instance, side: int) -> np.ndarray:
    """The side's value for all values of the equation's free indices."""
    book = open_book(None)
    problem = Problem(label, book.equation(label, given), given, book, REAL)
    with mp.workdps(DIGITS):
        found = [
            problem.at(problem.sides[side], e, at) for at in places(problem.free, e)
        ]
    return np.array([float(v) for v in found])


def drawn(label: str, given: dict[str, Any], seed: int) -> tuple[Instance, Any]:
    """An instance, and what gives its tables as tensors of doubles."""
    book = open_book(None)
    e = Problem(label, book.equation(label, given), given, book, REAL).draw(seed)
    return e, lambda name: torch.tensor(e.floats(name), dtype=torch.float64)


seeds = pytest.mark.parametrize("seed", range(4))


@seeds
@pytest.mark.parametrize("side", [1, 2])
def test_log_likelihood(seed: int, side: int) -> None:
    e, tensor = drawn("cvae-log-likelihood", IMAGE, seed)
    wanted = printed("cvae-log-likelihood", IMAGE, e, side)
    found = cv.log_likelihood(tensor("a"), tensor("x"))
    np.testing.assert_allclose(found, wanted[0], **CLOSE)
    product = printed("cvae-generative", IMAGE, e, -1)
    np.testing.assert_allclose(torch.exp(found), product[0], **CLOSE)


@seeds
@pytest.mark.parametrize("side", [1, 2])
def test_kl(seed: int, side: int) -> None:
    """The network's second output is the logarithm of the variance."""
    e, tensor = drawn("cvae-kl", CODE, seed)
    wanted = printed("cvae-kl", CODE, e, side)
    log_variance = 2 * torch.log(tensor("sigma"))
    found = kl_to_standard_normal(tensor("mu")[None], log_variance[None])
    np.testing.assert_allclose(found, wanted, **CLOSE)


@seeds
def test_label_posterior(seed: int) -> None:
    e, tensor = drawn("cvae-label-posterior", LABEL, seed)
    wanted = printed("cvae-label-posterior", LABEL, e, -1)
    found = cv.label_posterior(tensor("b")[None], tensor("pi"))
    np.testing.assert_allclose(found[0], wanted, **CLOSE)


@seeds
def test_the_loss_is_minus_the_printed_bound(seed: int) -> None:
    """The two terms, from what the networks give for one image and label."""
    torch.manual_seed(seed)
    cvae = cv.CVAE(5, 3, 2, 4).double()
    x = torch.randint(0, 2, (1, 5)).double()
    y = pixels.one_hot(torch.tensor([seed % 3]), 3).double()
    torch.manual_seed(seed)
    terms = cv.loss_function(cvae, x, y)
    torch.manual_seed(seed)
    logits, mean, log_variance = cvae(x, y)
    tables = {"x": x[0], "a": logits[0], "mu": mean[0]}
    tables["sigma"] = torch.exp(log_variance[0] / 2)

    def number(given: dict[str, Any], label: str) -> float:
        fixed = {
            name: Derived(lambda _, t=tables[name]: t.detach().numpy(), *kind.axes)
            if name in tables
            else kind
            for name, kind in given.items()
        }
        fixed |= {"D": Size(5, 5), "K": Size(2, 2)}
        book = open_book(None)
        e = Problem(label, book.equation(label, fixed), fixed, book, REAL).draw(0)
        return printed(label, fixed, e, -1)[0]

    reconstruction = number(IMAGE, "cvae-log-likelihood")
    np.testing.assert_allclose(terms["distortion"].item(), -reconstruction, rtol=1e-9)
    rate = number(CODE, "cvae-kl")
    np.testing.assert_allclose(terms["rate"].item(), rate, rtol=1e-9)


@seeds
def test_a_probe_that_can_say_all_says_all_there_is(seed: int) -> None:
    """On one-hot codes the linear probe can be any distribution: the bound is tight.

    Kills a probe that is not fitted to the end, or reads the labels in another order.
    """
    given: dict[str, Any] = {"y": Outcome(), "z": Outcome(), "q": Joint("y", "z")}
    given |= {"s": Distribution("y", on="z")}
    e, _ = drawn("cvae-probe", given, seed)
    counts = np.maximum(1, (2000 * e.floats("q")).round().astype(int))
    where = np.argwhere(counts > 0).repeat(counts[counts > 0], axis=0)
    labels, cells = torch.from_numpy(where).T
    probe = cv.fit_probe(F.one_hot(cells).float(), labels)
    with torch.no_grad():
        scores = probe(torch.eye(counts.shape[1]))
        s = torch.softmax(scores.double(), dim=1).numpy()
    e = e.with_values(q=e.convert(counts / counts.sum()), s=e.convert(s))
    lower, information = (printed("cvae-probe", given, e, side)[0] for side in (0, 1))
    shares = counts.sum(axis=1) / counts.sum()
    with torch.no_grad():
        surprise = F.cross_entropy(probe(F.one_hot(cells).float()), labels).item()
    entropy = -(shares * np.log(shares)).sum()
    np.testing.assert_allclose(lower, entropy - surprise, atol=1e-5)
    np.testing.assert_allclose(lower, information, atol=1e-5)
    assert lower <= information + 1e-9
