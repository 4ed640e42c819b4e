"""The library's flow computes what the equations print that it cites.

The printed LaTeX is read from the chapter and evaluated on random instances; the
functions get the same numbers as machine floats.
"""

from typing import Any

import numpy as np
import pytest
import torch
from mpmath import mp
from torch import nn

from claims.book import open_book
from claims.domains import Defined, Function, Index, Positive, Real, Size, Unit
from claims.fields import DIGITS, REAL
from claims.instances import Instance
from claims.problem import Problem, places
from latent.flows import nice

GIVEN = {
    "D": Size(5, 6),
    "K": Size(3),
    "d": Index("D"),
    "U": Real("D", "K"),
    "P": Defined("nice-mask", "D", "D"),
    "M": Real("D", "D"),
    "m": Real("D"),
    "x": Real("D"),
    "y": Real("D"),
    "h": Real("D"),
    "z": Real("D"),
    "s": Positive("D"),
    "sigma": Positive("D"),
    "v": Real("D"),
    "u": Unit("D"),
    "t": Real(),
    "ell": Real(),
    "lambda": Defined("nice-level-density"),
    "g": Function(lambda t: mp.exp(-t) / (1 + mp.exp(-t)) ** 2),
}
READ = np.eye(5)[:, 0::2]  # the columns of U for the even ones of five pixels


def printed(label: str, side: int = -1, /, **letters: Any) -> np.ndarray:
    """A side of a display at the letters' values, for all d if it is free.

    A letter is a number or an array for the domain in `GIVEN`; "u" may be a number.
    """
    book, given = open_book(None), dict(GIVEN)
    if np.ndim(letters.get("u", [0])) == 0:
        given["u"] = Unit()
    problem = Problem(label, book.equation(label, given), given, book, REAL)
    drawn = problem.draw(0)
    new = {
        k: drawn.convert(np.asarray(v, dtype=object)) if np.ndim(v) else mp.mpf(v)
        for k, v in letters.items()
    }
    sizes = {"D": len(next((v for v in letters.values() if np.ndim(v)), [0] * 5))}
    values = {**drawn.values, **sizes, "K": 3, **new}
    e = Instance(problem.given, values, REAL, problem.lookup)
    with mp.workdps(DIGITS):
        at = places([k for k in "d" if k in problem.free], e)
        found = [problem.at(problem.sides[side], e, place) for place in at]
    return np.squeeze(np.array([np.asarray(v, dtype=float) for v in found]))


def flow_of(couplings: int, seed: int = 0) -> nice.NICE:
    """A flow of five pixels in double precision, with random weights and scales."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        flow = nice.NICE(5, n_couplings=couplings, n_hidden=7).double()
        for weights in flow.parameters():
            nn.init.normal_(weights, std=0.7)
    return flow.requires_grad_(False)


def row(seed: int) -> torch.Tensor:
    return torch.randn(1, 5, generator=torch.Generator().manual_seed(seed)).double()


@pytest.mark.parametrize("seed", range(3))
def test_coupling_and_its_inverse(seed: int) -> None:
    """Kills a coupling that reads the odd pixels first, or subtracts on the way out."""
    flow, x = flow_of(1, seed), row(seed)
    nn.init.zeros_(flow.log_scale)
    m = np.zeros(5)
    m[1::2] = flow.shifts[0](x[:, 0::2])[0]
    wanted = printed("nice-coupling", x=x[0].numpy(), m=m, U=READ)
    np.testing.assert_allclose(flow(x)[0][0], wanted, rtol=1e-12)
    back = printed("nice-coupling-inverse", 0, y=wanted, m=m, U=READ)
    np.testing.assert_allclose(
        flow.inverse(torch.tensor(wanted)[None])[0][0], back, rtol=1e-11
    )
    np.testing.assert_allclose(back, x[0], rtol=1e-11)


@pytest.mark.parametrize("seed", range(3))
def test_jacobian(seed: int) -> None:
    """The printed matrix, with the network's Jacobian, is that of the coupling."""
    flow, x = flow_of(1, seed), row(seed)
    nn.init.zeros_(flow.log_scale)
    M = np.zeros((5, 5))
    M[1::2, 0::2] = torch.autograd.functional.jacobian(flow.shifts[0], x[0, 0::2])
    wanted = printed("nice-jacobian", M=M, U=READ)
    found = torch.autograd.functional.jacobian(lambda v: flow(v[None])[0][0], x[0])
    np.testing.assert_allclose(found, wanted, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("seed", range(3))
def test_scaling_volume_and_likelihood(seed: int) -> None:
    """Kills a scale that divides, and a likelihood without the volume."""
    flow, x = flow_of(3, seed), row(seed)
    s = flow.log_scale.exp().numpy()
    z, log_volume = flow(x)
    plain = flow_of(3, seed)
    nn.init.zeros_(plain.log_scale)
    h = plain(x)[0][0].numpy()
    np.testing.assert_allclose(z[0], printed("nice-scaling", s=s, h=h), rtol=1e-11)
    np.testing.assert_allclose(
        log_volume[0], printed("nice-log-volume", s=s), rtol=1e-12
    )
    found = nice.log_prob(flow, x)[0]
    for side in (0, 1):
        wanted = printed("nice-log-likelihood", side, s=s, z=z[0].numpy())
        np.testing.assert_allclose(found, wanted, rtol=1e-11)
    density = printed("nice-density", s=s, z=z[0].numpy())
    np.testing.assert_allclose(found.exp(), density, rtol=1e-11)


@pytest.mark.parametrize("t", [-30.0, -1.5, 0.0, 0.2, 40.0])
def test_logistic(t: float) -> None:
    found = nice.log_logistic(torch.tensor([[t]], dtype=torch.float64)).item()
    for side in (0, 1):
        wanted = printed("nice-log-logistic", side, t=t)
        np.testing.assert_allclose(found, wanted, rtol=1e-12)
    np.testing.assert_allclose(np.exp(found), printed("nice-logistic", t=t), rtol=1e-12)


def test_samples_solve_the_printed_equation() -> None:
    """With couplings that add nothing the sample is the logistic number itself."""
    flow = flow_of(2).float()
    for weights in flow.parameters():
        nn.init.zeros_(weights)
    found = nice.sample(flow, 4, generator=torch.Generator().manual_seed(3))
    generator = torch.Generator().manual_seed(3)
    u = torch.rand(4, 5, generator=generator, dtype=torch.float64)
    wanted = [printed("nice-inverse-cdf", u=value) for value in u.ravel().tolist()]
    np.testing.assert_allclose(found.ravel(), wanted, rtol=1e-6)


def test_noise_and_bits() -> None:
    v = np.array([0, 3, 128, 254, 255])
    x = torch.tensor(v / 255).float()[None]
    found = nice.dequantized(x, generator=torch.Generator().manual_seed(4))
    u = torch.rand(1, 5, generator=torch.Generator().manual_seed(4))[0].numpy()
    wanted = printed("nice-dequantised", v=v, u=u.astype(float))
    np.testing.assert_allclose(found[0], wanted, rtol=1e-6)
    for side in (1, 2):
        bits = printed("nice-bits", side, ell=17.25, x=np.zeros(5))
        np.testing.assert_allclose(nice.bits_per_dimension(-17.25, 5), bits, rtol=1e-12)


def test_start() -> None:
    """Kills the variance in the place of the standard deviation, or a lost root."""
    v = torch.randint(0, 256, (400, 5), generator=torch.Generator().manual_seed(5))
    flow = flow_of(2).float()
    nice.start(flow, v / 255)
    noisy = (v[:, :, None] + (torch.arange(100) + 0.5) / 100) / 256
    sigma = noisy.double().movedim(2, 1).reshape(-1, 5).std(dim=0).numpy()
    wanted = printed("nice-start", sigma=sigma)
    np.testing.assert_allclose(flow.log_scale.exp(), wanted, rtol=1e-4)
