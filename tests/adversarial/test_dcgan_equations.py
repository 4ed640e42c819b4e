"""The library's networks compute what the equations print that they cite.

The printed LaTeX is read from the chapter and evaluated; the library and PyTorch get
the same numbers as machine floats.
"""

from typing import Any

import numpy as np
import pytest
import torch
from mpmath import mp
from torch import nn
from torch.nn import functional as F

from claims.book import open_book
from claims.domains import Binary, Defined, Function, Index, Label, Real, Size, Unit
from claims.fields import DIGITS, REAL
from claims.instances import Instance
from claims.problem import Problem, places
from latent.adversarial import dcgan, gan

LINE = {
    "I": Size(5, 8),
    "M": Size(2, 4),
    "K": Size(2, 5),
    "S": Size(1, 3),
    "P": Size(1, 2),
    "i": Index("I"),
    "m": Index("M"),
    "k": Index("K"),
    "u": Real("I"),
    "h": Real("M"),
    "w": Real("K"),
    "C": Defined("dcgan-matrix", "M", "I"),
}
SEEDS = range(8)
CLOSE: dict[str, Any] = {"rtol": 1e-12, "atol": 1e-12}


def printed(
    label: str, given: dict[str, Any], seed: int, side: int = -1, **letters: Any
) -> tuple[np.ndarray, Instance]:
    """A side of the display for all values of its free indices, and the instance."""
    book = open_book(None)
    problem = Problem(label, book.equation(label, given), given, book, REAL)
    e = problem.draw(seed)
    new = {k: e.convert(v) for k, v in letters.items()}
    e = Instance(problem.given, {**e.values, **new}, REAL, problem.lookup)
    with mp.workdps(DIGITS):
        at = places([k for k in given if k in problem.free], e)
        found = [problem.at(problem.sides[side], e, place) for place in at]
    return np.array(found, dtype=float), e


def fits(e: Instance) -> bool:
    """Whether M is the number of places of the kernel on the line."""
    return dcgan.convolution_size(e.I, e.K, e.S, e.P) == e.M


@pytest.mark.parametrize("seed", SEEDS)
def test_sizes(seed: int) -> None:
    sizes = {key: LINE[key] for key in ("I", "K", "S", "P")}
    found, e = printed("dcgan-size", sizes, seed)
    assert dcgan.convolution_size(e.I, e.K, e.S, e.P) == found
    back = {key: LINE[key] for key in ("K", "S", "P")} | {"M": Size(2, 6)}
    found, e = printed("dcgan-transposed-size", back, seed)
    assert dcgan.transposed_size(e.M, e.K, e.S, e.P) == found


def test_the_matrix_and_both_products() -> None:
    """On instances whose M is that of the sizes; torch's layers say the same."""
    tried = 0
    for seed in range(200):
        matrix, e = printed("dcgan-matrix", LINE, seed)
        if not fits(e) or tried == 5:
            continue
        tried += 1
        w, u, h = (e.floats(letter) for letter in "wuh")
        how = {"stride": e.S, "padding": e.P}
        ours = dcgan.convolution_matrix(w, e.I, **how)
        np.testing.assert_allclose(ours.ravel(order="F"), matrix, **CLOSE)
        w_, u_, h_ = (torch.from_numpy(a)[None, None] for a in (w, u, h))
        there = F.conv1d(u_, w_, **how)[0, 0]
        back = F.conv_transpose1d(h_, w_, **how)[0, 0]
        for side in (1, 2):
            v, _ = printed("dcgan-convolution", LINE, seed, side, w=w, u=u)
            t, _ = printed("dcgan-transposed", LINE, seed, side, w=w, h=h)
            np.testing.assert_allclose(there, v, **CLOSE)
            np.testing.assert_allclose(back, t[: len(back)], **CLOSE)
    assert tried == 5


def test_coverage() -> None:
    """On instances whose I is that of the sizes; the second away from the ends."""
    given = {**LINE, "I": Size(5, 14), "M": Size(3, 6)}
    tried = 0
    for seed in range(300):
        cover, e = printed("dcgan-cover", given, seed)
        if dcgan.transposed_size(e.M, e.K, e.S, e.P) != e.I or tried == 5:
            continue
        tried += 1
        found = dcgan.coverage(e.M, e.K, e.S, e.P)
        np.testing.assert_array_equal(found, cover)
        inside, _ = printed("dcgan-cover-inside", given, seed)
        ends = slice(e.K, e.I - e.K)
        np.testing.assert_array_equal(found[ends], inside[ends])
    assert tried == 5


@pytest.mark.parametrize("seed", SEEDS)
def test_receptive_field(seed: int) -> None:
    given = {"L": Size(2, 3), "A": Size(4, 5), "B": Size(2, 3)}
    given |= {"K": Label("L", classes="A", start=2), "S": Label("L", classes="B")}
    found, e = printed("dcgan-receptive", given, seed)
    layers = [(int(k), int(s)) for k, s in zip(e.K, e.S, strict=True)]
    assert dcgan.receptive_field(layers) == found


@pytest.mark.parametrize("seed", SEEDS)
def test_weights(seed: int) -> None:
    given = {"A": Size(), "E": Size(), "K": Size()}
    found, e = printed("dcgan-weights", given, seed)
    for kind in (nn.Conv2d, nn.ConvTranspose2d):
        layer = kind(e.A, e.E, e.K)
        assert sum(weights.numel() for weights in layer.parameters()) == found


@pytest.mark.parametrize("seed", SEEDS)
def test_leaky_rectifier(seed: int) -> None:
    """All those of both networks."""
    found, e = printed("dcgan-leaky", {"a": Real()}, seed)
    layers = [m for m in dcgan.dcgan().modules() if isinstance(m, nn.LeakyReLU)]
    for layer in layers:
        given = torch.tensor(float(e.a), dtype=torch.float64)
        np.testing.assert_allclose(layer(given).item(), found, **CLOSE)


def loss(y: Any, p: Any) -> Any:
    return -y * mp.log(p) - (1 - y) * mp.log(1 - p)


@pytest.mark.parametrize("seed", SEEDS)
def test_value_and_cross_entropy(seed: int) -> None:
    """`value_function`, and torch's cross-entropy of probabilities; both reductions."""
    n = 3
    given = {"N": Size(n, n), "n": Index("N"), "x": Real("N"), "z": Real("N")}
    given |= {"D": Function(lambda a: 1 / (1 + mp.exp(-a))), "B": Function(loss)}
    given |= {"G": Function(lambda z: z - z**2 / 4)}
    value, e = printed("dcgan-value", given, seed)
    x, z = (torch.from_numpy(e.floats(letter)) for letter in "xz")
    made = z - z**2 / 4  # what G makes; the logits are the images themselves
    np.testing.assert_allclose(gan.value_function(x, made), value, **CLOSE)
    again, _ = printed("dcgan-value-bce", given, seed)
    np.testing.assert_allclose(again, value, **CLOSE)
    one, none = torch.ones(n).double(), torch.zeros(n).double()
    bce = F.binary_cross_entropy
    p, q = torch.sigmoid(x), torch.sigmoid(made)
    np.testing.assert_allclose(-bce(p, one) - bce(q, none), value, rtol=1e-11)
    pairs = {"N": given["N"], "n": given["n"], "p": Unit("N"), "q": Unit("N")}
    pairs |= {"B": given["B"]}
    for side in (0, 1):
        mean, _ = printed("dcgan-mean-bce", pairs, seed, side, p=p.numpy(), q=q.numpy())
        joint = bce(torch.cat([p, q]), torch.cat([one, none]))
        np.testing.assert_allclose(joint, mean, rtol=1e-11)


@pytest.mark.parametrize("seed", SEEDS)
def test_cross_entropy_by_the_logit(seed: int) -> None:
    """And its slope, which torch's differentiation gives."""
    given = {"y": Binary(), "a": Real(), "B": Function(loss)}
    a = torch.tensor(0.0)
    for side in (0, 1):
        found, e = printed("dcgan-bce-logit", given, seed, side)
        a = torch.tensor(float(e.a), dtype=torch.float64, requires_grad=True)
        y = torch.tensor(float(e.y), dtype=torch.float64)
        cost = F.binary_cross_entropy_with_logits(a, y)
        np.testing.assert_allclose(cost.item(), found, **CLOSE)
    (slope,) = torch.autograd.grad(cost, a)
    found, _ = printed("dcgan-bce-slope", given, seed)
    np.testing.assert_allclose(slope.item(), found, **CLOSE)
