"""The library's sparse autoencoder computes what the equations print that it cites.

The printed LaTeX is read from the chapter and evaluated on random instances; the
functions get the same numbers as machine floats.
"""

from typing import Any

import numpy as np
import pytest
import torch
from mpmath import mp

from claims.book import open_book
from claims.domains import Defined, Definite, Derived, Index, Positive, Real, Size
from claims.fields import DIGITS, REAL
from claims.instances import Instance
from claims.problem import Problem, places
from latent.deep import sparse_autoencoder as sae

GIVEN = {
    "N": Size(6, 8),
    "D": Size(3, 4),
    "M": Size(5, 7),
    "n": Index("N"),
    "d": Index("D"),
    "j": Index("M"),
    "x": Real("N", "D"),
    "varepsilon": Real("N", "D"),
    "x_tilde": Real("N", "D"),
    "x_bar": Real("D"),
    "y": Real("N", "D"),
    "W": Real("M", "D"),
    "b": Real("M"),
    "q": Real("M", "D"),
    "a": Defined("sae-unit-norm", "M", "D"),
    "A": Derived(lambda e: e.a.T, "D", "M"),
    "h": Positive("N", "M"),
    "B": Real("D", "D"),
    "S": Definite("D", "D"),
    "v": Real(),
    "lambda": Positive(),
    "sigma": Positive(),
    "L": Positive(),
    "E": Positive(),
}
ONE = {"x": Real("D"), "h": Positive("M")}  # where the display means one picture
CLOSE: dict[str, Any] = {"rtol": 1e-10, "atol": 1e-12}


class Printed:
    """A random instance, the chapter's formulas on it, and the network of its numbers.

    Everything is in double precision; the network is that of W, b and q.
    """

    def __init__(self, seed: int):
        self.book = open_book(None)
        self.e = self.problem("sae-decoder", {}).draw(seed)
        self.network = sae.SparseAutoencoder(self.e.D, self.e.M).double()
        with torch.no_grad():
            self.network.encoder.weight.copy_(self["W"])
            self.network.encoder.bias.copy_(self["b"])
            self.network.directions.copy_(self["q"].T)
            self.A = self.network.dictionary

    def __getitem__(self, name: str) -> torch.Tensor:
        return torch.from_numpy(self.e.floats(name).astype(float))

    def problem(self, label: str, given: dict[str, Any]) -> Problem:
        given = {**GIVEN, **given}
        return Problem(label, self.book.equation(label, given), given, self.book, REAL)

    def value(self, label: str, **letters: Any) -> np.ndarray:
        """The last side for all values of the free indices; `letters` to put in."""
        given = {k: ONE[k] for k, v in letters.items() if k in ONE and np.ndim(v) == 1}
        problem = self.problem(label, given)
        new = {k: self.e.convert(np.asarray(v)) for k, v in letters.items()}
        e = Instance(problem.given, {**self.e.values, **new}, REAL, problem.lookup)
        with mp.workdps(DIGITS):
            at = places([k for k in "ndj" if k in problem.free], e)
            found = [problem.at(problem.sides[-1], e, place) for place in at]
        return np.array([np.squeeze(np.asarray(v, dtype=float)) for v in found])


@pytest.fixture(params=range(4))
def printed(request: pytest.FixtureRequest) -> Printed:
    return Printed(request.param)


def test_noise(printed: Printed) -> None:
    """The draws of the generator stand for the noise."""
    sigma = float(printed.e.floats("sigma"))
    x = torch.sigmoid(printed["x"])
    generators = (torch.Generator().manual_seed(3) for _ in range(2))
    drawn = torch.randn(x.shape, generator=next(generators), dtype=x.dtype)
    found = sae.add_noise(x, sigma, next(generators))
    wanted = printed.value("sae-noise", x=x, varepsilon=drawn)
    np.testing.assert_allclose(found, wanted, **CLOSE)


def test_encoder_and_decoder(printed: Printed) -> None:
    with torch.no_grad():
        h = printed.network.encode(printed["x_tilde"])
        outputs = printed.network.decode(h)
    wanted = printed.value("sae-encoder").reshape(h.shape)
    np.testing.assert_allclose(h, wanted, **CLOSE)
    np.testing.assert_allclose(outputs, printed.value("sae-decoder", h=h), **CLOSE)


def test_atoms(printed: Printed) -> None:
    found = printed.A.T
    np.testing.assert_allclose(found, printed.value("sae-unit-norm"), **CLOSE)


def test_objective(printed: Printed) -> None:
    """Without noise: the mean over pictures of the printed cost of their codes."""
    price = float(printed.e.floats("lambda"))
    x = torch.sigmoid(printed["x"])
    with torch.no_grad():
        terms = sae.denoising_loss(printed.network, x, noise=0.0, penalty=price)
        codes = printed.network.encode(x)
    costs = [
        printed.value("sae-objective", x=row, h=code)
        for row, code in zip(x, codes, strict=True)
    ]
    np.testing.assert_allclose(sum(terms.values()), np.mean(costs), **CLOSE)


def test_thresholds(printed: Printed) -> None:
    """The soft one, and the one-sided one as a step with a single atom and L = 1."""
    price = float(printed.e.floats("lambda"))
    for v in (-3 * price, -price / 2, 0.0, price / 3, 2 * price):
        one = torch.tensor([[v]]).double()
        soft = sae.soft_threshold(one, price)
        wanted = printed.value("sae-soft", v=v)
        np.testing.assert_allclose(soft[0], wanted, **CLOSE)
        atom, nothing = torch.ones(1, 1).double(), torch.zeros(1, 1).double()
        above = sae.ista_step(nothing, one, atom, penalty=price, L=1.0)
        np.testing.assert_allclose(above[0], printed.value("sae-relu", v=v), **CLOSE)


def test_ista(printed: Printed) -> None:
    """One step of all pictures, from their codes and from empty ones."""
    price, L = (float(printed.e.floats(k)) for k in ("lambda", "L"))
    x, codes = printed["x"], printed["h"]
    for label, start in (("sae-ista", codes), ("sae-unrolled", 0 * codes)):
        found = sae.ista_step(start, x, printed.A, penalty=price, L=L)
        wanted = [
            printed.value(label, x=row, h=code)
            for row, code in zip(x, start, strict=True)
        ]
        np.testing.assert_allclose(found, wanted, **CLOSE)


def test_curvature(printed: Printed) -> None:
    """With it the printed gap is zero along one direction, positive along others."""
    L = sae.curvature(printed.A)
    _, vectors = np.linalg.eigh((printed.A.T @ printed.A).numpy())
    given = {"w": Real("M")}
    problem = printed.problem("sae-majoriser", given)

    def gap(w: np.ndarray) -> float:
        new = {k: printed.e.convert(np.asarray(v)) for k, v in (("w", w), ("L", L))}
        values = {**printed.e.values, **new}
        e = Instance(problem.given, values, REAL, problem.lookup)
        with mp.workdps(DIGITS):
            return float(problem.at(problem.sides[-1], e, {}))

    assert abs(gap(vectors[:, -1])) < 1e-12
    assert min(gap(w) for w in vectors[:, :-1].T) > 1e-3


def test_linear_denoiser(printed: Printed) -> None:
    """The covariance of the data stands for S, the fitted matrix for B."""
    x, sigma = printed.e.floats("x").astype(float), float(printed.e.floats("sigma"))
    params = sae.fit_linear(x, noise=sigma)
    centred = x - params.mean
    S = printed.value("sae-covariance", y=centred)[0]
    np.testing.assert_allclose(
        params.matrix, printed.value("sae-wiener", S=S)[0], **CLOSE
    )
    noisy = printed.e.floats("x_tilde").astype(float)
    wanted = printed.value("sae-linear", B=params.matrix, x_bar=params.mean)
    np.testing.assert_allclose(sae.denoise_linear(params, noisy), wanted, **CLOSE)


def test_decibels(printed: Printed) -> None:
    error = float(printed.e.floats("E"))
    wanted = printed.value("sae-psnr")[0]
    np.testing.assert_allclose(sae.peak_signal_to_noise(error), wanted, **CLOSE)
