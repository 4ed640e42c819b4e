"""The library's autoencoder computes what the equations print that it cites.

The printed LaTeX is read from the chapter and evaluated on random instances; the
functions get the same numbers as machine floats.
"""

import numpy as np
import pytest
import torch
from mpmath import mp
from torch import Tensor, nn

from claims.book import open_book
from claims.domains import Binary, Defined, Index, Positive, Real, Size
from claims.fields import DIGITS, REAL
from claims.instances import Instance
from claims.problem import Problem, places
from latent.deep import vae as vaes
from latent.deep.vae import VAE

GIVEN = {
    "D": Size(3, 6),
    "K": Size(2, 5),
    "I": Size(3, 6),
    "d": Index("D"),
    "k": Index("K"),
    "i": Index("I"),
    "x": Binary("D"),
    "a": Real("D"),
    "rho": Defined("vae-probability", "D"),
    "mu": Real("K"),
    "sigma": Positive("K"),
    "v": Real("K"),
    "varepsilon": Real("K"),
    "z": Defined("vae-trick", "K"),
    "w": Positive("I"),
}


class Printed:
    """A random instance, and the chapter's formulas on it as machine floats."""

    def __init__(self, seed: int):
        self.book = open_book(None)
        self.e = self.problem("vae-log-ratio").draw(seed)

    def problem(self, label: str) -> Problem:
        return Problem(label, self.book.equation(label, GIVEN), GIVEN, self.book, REAL)

    def row(self, name: str) -> Tensor:
        """A letter's numbers, as a batch of one row."""
        return torch.tensor(self.e.floats(name))[None]

    def value(self, label: str, side: int = -1, **letters: Tensor) -> np.ndarray:
        """The side for all its free indices; `letters` are numbers to put in."""
        problem = self.problem(label)
        new = {k: self.e.convert(v.numpy()) for k, v in letters.items()}
        e = Instance(problem.given, {**self.e.values, **new}, REAL, problem.lookup)
        with mp.workdps(DIGITS):
            at = places([k for k in "dk" if k in problem.free], e)
            found = [problem.at(problem.sides[side], e, place) for place in at]
        return np.array([np.squeeze(np.asarray(v, dtype=float)) for v in found])


@pytest.fixture(params=range(4))
def printed(request: pytest.FixtureRequest) -> Printed:
    return Printed(request.param)


class Fixed(nn.Module):
    """Gives one row, whatever comes in."""

    def __init__(self, row: Tensor):
        super().__init__()
        self.row = row

    def forward(self, x: Tensor) -> Tensor:
        return self.row.expand(*x.shape[:-1], -1)


def fixed(printed: Printed) -> VAE:
    """An autoencoder whose networks put out the instance's numbers."""
    mean, v, a = printed.row("mu"), 2 * printed.row("sigma").log(), printed.row("a")
    vae = VAE(a.shape[1], mean.shape[1], 2)
    vae.encoder, vae.decoder = Fixed(torch.cat([mean, v], dim=1)), Fixed(a)
    return vae


def test_divergence(printed: Printed) -> None:
    mean, sigma, v = map(printed.row, ("mu", "sigma", "v"))
    found = vaes.kl_to_standard_normal(mean, 2 * sigma.log())
    np.testing.assert_allclose(found, printed.value("vae-kl"), rtol=1e-11)
    found = vaes.kl_to_standard_normal(mean, v)
    np.testing.assert_allclose(found, printed.value("vae-rate"), rtol=1e-11)


def test_pixels(printed: Printed) -> None:
    """By probabilities and by logits."""
    found = vaes.log_bernoulli(printed.row("x"), printed.row("a"))
    for label in ("vae-decoder", "vae-logits"):
        np.testing.assert_allclose(found, printed.value(label), rtol=1e-11)


def test_codes(printed: Printed) -> None:
    mean, sigma = printed.row("mu"), printed.row("sigma")
    torch.manual_seed(0)
    noise = torch.randn_like(mean)
    torch.manual_seed(0)
    found = vaes.reparameterize(mean, 2 * sigma.log())
    wanted = printed.value("vae-trick", varepsilon=noise[0])
    np.testing.assert_allclose(found[0], wanted.ravel(), rtol=1e-11)


def test_weights(printed: Printed) -> None:
    """Pixels as printed, plus the log of the ratio of prior and q as printed."""
    found = vaes.log_weights(
        fixed(printed), printed.row("x"), 3, generator=torch.Generator().manual_seed(0)
    )
    shape = (3, *printed.row("mu").shape)
    noise = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    ratios = [printed.value("vae-log-ratio", varepsilon=e[0]).item() for e in noise]
    wanted = printed.value("vae-decoder").item() + np.array(ratios)
    np.testing.assert_allclose(found[:, 0], wanted, rtol=1e-6)


def test_log_likelihood(printed: Printed, monkeypatch: pytest.MonkeyPatch) -> None:
    w = printed.row("w")[0]
    monkeypatch.setattr(vaes, "log_weights", lambda *_, **__: w.log()[:, None])
    found = vaes.log_likelihood(fixed(printed), printed.row("x"), n_samples=len(w))
    np.testing.assert_allclose(found, printed.value("vae-importance"), rtol=1e-11)


def test_objective(printed: Printed) -> None:
    """Minus the pixels' term as printed, and the rate as printed."""
    terms = vaes.negative_elbo(fixed(printed), printed.row("x"))
    wanted = {"distortion": -printed.value("vae-decoder").item()}
    wanted["rate"] = printed.value("vae-kl").item()
    for name, term in terms.items():
        np.testing.assert_allclose(term.item(), wanted[name], rtol=1e-11)
