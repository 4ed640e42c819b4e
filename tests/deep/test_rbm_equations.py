"""The library's RBM computes what the equations print that it cites.

The printed LaTeX is read from the chapter and evaluated on random instances; the
functions get the same numbers as machine floats.
"""

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from mpmath import mp
from torch import Tensor

from claims.book import open_book
from claims.domains import Defined, Derived, Index, Positive, Real, Size
from claims.fields import DIGITS, REAL
from claims.instances import Instance
from claims.problem import Problem, places
from latent.deep import rbm

LETTERS = {
    "N": Size(3, 4),
    "D": Size(2, 3),
    "M": Size(2, 3),
    "n": Index("N"),
    "i": Index("D"),
    "j": Index("M"),
    "v": Real("N", "D"),
    "v'": Real("N", "D"),
    "W": Real("D", "M"),
    "b": Real("D"),
    "alpha": Real("M"),
    "sigma": Positive("D"),
}
OF_IMAGE = {
    "v": Real("D"),
    "h": Real("M"),
    "a": Defined("rbm-input", "M"),
    "c": Defined("rbm-visible-mean", "D"),
}
OF_IMAGES = {
    "a": Defined("rbm-inputs", "N", "M"),
    "a'": Defined("rbm-inputs-drawn", "N", "M"),
    "v_hat": Defined("rbm-reconstruction", "N", "D"),
    "A": Defined("rbm-partition"),
}


def states(m: int) -> list[tuple[int, ...]]:
    return list(itertools.product((0, 1), repeat=m))


OF_STATES = {
    "S": Derived(lambda e: 2**e.M),
    "s": Index("S"),
    "h": Derived(lambda e: np.array(states(e.M), dtype=object), "S", "M"),
    "c": Defined("rbm-state-mean", "S", "D"),
    "omega": Defined("rbm-weight", "S"),
    "rho": Defined("rbm-share", "S"),
}
UNITS = {
    "x": Real("N", "D"),
    "m": Real("D"),
    "tau": Positive(),
}


class Printed:
    """Random parameters and images, the library's model of them, and the formulas."""

    def __init__(self, seed: int):
        self.book = open_book(None)
        given = {**LETTERS, **UNITS}
        problem = self.problem("rbm-inputs", given)
        self.e = problem.draw(seed)
        tables = ("W", "b", "alpha", "sigma", "v", "v'", "x", "m")
        W, b, alpha, sigma, self.v, self.drawn, self.x, self.m = (
            torch.tensor(self.e.floats(name)) for name in tables
        )
        self.rbm = rbm.RBM(*W.shape).double()
        self.rbm.load_state_dict(
            {"weights": W, "visible_bias": b, "hidden_bias": alpha, "sigma": sigma}
        )
        self.rbm.requires_grad_(False)

    def problem(self, label: str, given: dict[str, Any]) -> Problem:
        return Problem(label, self.book.equation(label, given), given, self.book, REAL)

    def value(
        self,
        label: str,
        given: dict[str, Any],
        over: str = "",
        side: int = -1,
        **new: Any,
    ) -> Tensor:
        """The side's value for all values of the indices in `over`."""
        problem = self.problem(label, {**LETTERS, **given})
        changed = {k: self.e.convert(np.asarray(v)) for k, v in new.items()}
        e = Instance(problem.given, {**self.e.values, **changed}, REAL, problem.lookup)
        with mp.workdps(DIGITS):
            at = places([k for k in over if k in problem.free], e)
            found = [problem.at(problem.sides[side], e, place) for place in at]
        return torch.tensor([float(np.squeeze(x)) for x in found], dtype=torch.float64)

    def of_images(self, label: str, over: str = "", **new: Any) -> Tensor:
        """An equation of one image, for all images, a row each."""
        rows = [self.value(label, OF_IMAGE, over, v=v, **new) for v in self.v.numpy()]
        return torch.stack(rows).squeeze(1)


def close(found: Tensor, wanted: Tensor) -> None:
    torch.testing.assert_close(found, wanted, rtol=1e-11, atol=1e-12)


@pytest.fixture(params=range(3))
def printed(request: pytest.FixtureRequest) -> Printed:
    return Printed(request.param)


def test_energy(printed: Printed) -> None:
    """Of every image with every state, in the three forms that are printed."""
    for h in states(printed.rbm.weights.shape[1]):
        repeated = torch.tensor([h] * len(printed.v), dtype=torch.float64)
        found = rbm.energy(printed.rbm, printed.v, repeated)
        for label in ("rbm-energy", "rbm-energy-hidden", "rbm-square"):
            close(found, printed.of_images(label, h=h))


def test_hidden_units(printed: Printed) -> None:
    close(rbm.hidden_input(printed.rbm, printed.v), printed.of_images("rbm-input", "j"))
    found = rbm.hidden_probability(printed.rbm, printed.v)
    close(found, printed.of_images("rbm-hidden", "j"))


def test_visible_units(printed: Printed) -> None:
    """The mean, and the density of the drawn pixels, as torch's normal density."""
    for h in states(printed.rbm.weights.shape[1]):
        row = torch.tensor([h], dtype=torch.float64)
        mean = rbm.visible_mean(printed.rbm, row)
        close(mean[0], printed.value("rbm-visible-mean", OF_IMAGE, "i", h=h))
        bell = torch.distributions.Normal(mean, printed.rbm.sigma)
        found = bell.log_prob(printed.v).exp()
        close(found, printed.of_images("rbm-visible", "i", h=h))


def test_free_energy(printed: Printed) -> None:
    found = rbm.free_energy(printed.rbm, printed.v)
    close(found, printed.of_images("rbm-free-energy"))


def test_states(printed: Printed) -> None:
    """Log-weights in both printed forms, partition function, shares of the states."""
    model = printed.rbm
    h = torch.tensor(states(model.weights.shape[1]), dtype=torch.float64)
    found = rbm.log_weights(model, h)
    for side in (1, 2):
        close(found, printed.value("rbm-weight", OF_STATES, "s", side))
    wanted = printed.value("rbm-partition", OF_STATES)[0]
    close(rbm.log_partition(model), wanted)
    close(torch.softmax(found, 0), printed.value("rbm-share", OF_STATES, "s"))
    close(
        rbm.visible_mean(model, h).flatten(),
        printed.value("rbm-state-mean", OF_STATES, "si"),
    )


def test_density(printed: Printed) -> None:
    """The mixture, the log-density and the mean log-likelihood say the same."""
    found = rbm.log_prob(printed.rbm, printed.v)
    mixture = [
        printed.value("rbm-mixture", OF_STATES | {"v": Real("D")}, v=v)
        for v in printed.v
    ]
    close(found, torch.cat(mixture).log())
    A = printed.value("rbm-partition", OF_STATES)[0]
    given = {**OF_IMAGE, "A": Real()}
    logs = [printed.value("rbm-log-density", given, v=v, A=A) for v in printed.v]
    close(found, torch.cat(logs))
    given = {**OF_IMAGES, "A": Real()}
    close(found.mean(), printed.value("rbm-log-likelihood", given, A=A)[0])


def test_gradient(printed: Printed) -> None:
    """The printed gradient, by automatic differentiation of `log_prob`."""
    model = printed.rbm.requires_grad_(True)
    (found,) = torch.autograd.grad(rbm.log_prob(model, printed.v).mean(), model.weights)
    given = {**OF_IMAGES, **OF_STATES}
    close(found.flatten(), printed.value("rbm-gradient", given, "ij"))
    (found,) = torch.autograd.grad(rbm.log_partition(model), model.weights)
    close(found.flatten(), printed.value("rbm-slope-partition", OF_STATES, "ij"))


def test_statistics(printed: Printed) -> None:
    """Minus the mean of the printed slopes; and the weights' contrast."""
    found = rbm.statistics(printed.rbm, printed.v)
    slopes = (("weights", "weights", "ij"), ("visible", "visible_bias", "i"))
    for label, name, over in (*slopes, ("hidden", "hidden_bias", "j")):
        wanted = printed.of_images(f"rbm-slope-{label}", over).mean(dim=0)
        close(found[name].flatten(), -wanted)
    moved = rbm.contrast(printed.rbm, printed.v, printed.drawn)["weights"]
    close(moved.flatten(), printed.value("rbm-contrast", OF_IMAGES, "ij"))


def test_contrast_is_the_slope_of_the_gap(printed: Printed) -> None:
    """Of all three parameters, with the draws held."""
    model = printed.rbm.requires_grad_(True)
    free = rbm.free_energy
    gap = free(model, printed.drawn).mean() - free(model, printed.v).mean()
    close(gap.detach(), printed.value("rbm-gap", OF_IMAGES)[0])
    slopes = torch.autograd.grad(gap, list(model.parameters()))
    found = rbm.contrast(model, printed.v, printed.drawn)
    for (name, _), slope in zip(model.named_parameters(), slopes, strict=True):
        close(found[name], slope)


def test_reconstruction(printed: Printed) -> None:
    found = rbm.reconstruct(printed.rbm, printed.v)
    close(found.flatten(), printed.value("rbm-reconstruction", OF_IMAGES, "ni"))
    error = rbm.reconstruction_error(printed.rbm, printed.v)
    close(error, printed.value("rbm-error", OF_IMAGES)[0])


def test_units(printed: Printed) -> None:
    """`Units` makes v of x, and the energy of x is printed to be that of v."""
    x = torch.sigmoid(printed.x)  # grey levels
    units = rbm.Units(x.shape[1]).double()
    units.measure(x)
    tau = units.deviation.item()
    given = {**UNITS, "v": Defined("rbm-standardise", "D")}
    whole = printed.value("rbm-deviation", given, x=x, m=units.mean)[0]
    close(units.deviation, whole)
    in_grey = rbm.in_units_of_data(printed.rbm, units)
    for h in states(printed.rbm.weights.shape[1]):
        for row, v in zip(x, units(x), strict=True):
            letters = {"x": row, "m": units.mean, "tau": tau}
            one = {**given, "x": Real("D")}
            close(v, printed.value("rbm-standardise", one, "i", **letters))
            wanted = printed.value("rbm-units", {**one, "h": Real("M")}, h=h, **letters)
            state = torch.tensor([h], dtype=torch.float64)
            close(rbm.energy(in_grey, row[None], state), wanted)
            close(rbm.energy(printed.rbm, v[None], state), wanted)
