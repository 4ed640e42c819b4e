"""Gaussian-Bernoulli restricted Boltzmann machines, by contrastive divergence."""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from latent import checks, pixels
from latent.train import Terms

MOST_ENUMERATED = 20
"""All states are listed for so many hidden units at most; that is a million rows."""


class RBM(nn.Module):
    r"""The parameters of the energy $E(v, h)$ (eq. `rbm-energy`).

    Attributes:
        weights: (D, M), $W$; small random numbers at first, so that the hidden units
            differ.
        visible_bias: (D,), $b$, in the unit of the data.
        hidden_bias: (M,), $\alpha$.
        sigma: (D,), the standard deviation of each pixel's noise, in the unit of the
            data. It is one and is not trained.
    """

    sigma: Float[Tensor, " D"]

    def __init__(self, n_visible: int, n_hidden: int) -> None:
        """A model of D pixels and M hidden units.

        Raises:
            ValueError: a number of units below one.
        """
        super().__init__()
        checks.count("n_visible", n_visible)
        checks.count("n_hidden", n_hidden)
        self.weights = nn.Parameter(0.01 * torch.randn(n_visible, n_hidden))
        self.visible_bias = nn.Parameter(torch.zeros(n_visible))
        self.hidden_bias = nn.Parameter(torch.zeros(n_hidden))
        self.register_buffer("sigma", torch.ones(n_visible))


class Units(nn.Module):
    r"""A change of units that centres each pixel and divides all by one number.

    Attributes:
        mean: (D,), $m$, the mean image.
        deviation: (), $\tau$, the root of the pixels' mean variance.
    """

    mean: Float[Tensor, " D"]
    deviation: Float[Tensor, ""]

    def __init__(self, n_visible: int) -> None:
        """The units in which nothing changes, until `measure` sets them."""
        super().__init__()
        checks.count("n_visible", n_visible)
        self.register_buffer("mean", torch.zeros(n_visible))
        self.register_buffer("deviation", torch.ones(()))

    def measure(self, x: Float[Tensor, "N D"]) -> None:
        r"""Take $m$ and $\tau$ from training data (eq. `rbm-deviation`).

        Raises:
            ValueError: other than D grey levels from 0 to 1 a row, or all rows equal.
        """
        pixels.check(x, len(self.mean))
        mean = x.mean(dim=0)
        deviation = (x - mean).square().mean().sqrt()
        if not deviation > 0:
            raise ValueError("all images are equal: there is no spread to divide by")
        self.mean.copy_(mean)
        self.deviation.copy_(deviation)

    def forward(self, x: Float[Tensor, "N D"]) -> Float[Tensor, "N D"]:
        r"""$v = \frac{x - m}{\tau}$ (eq. `rbm-standardise`).

        Raises:
            ValueError: other than D grey levels from 0 to 1 a row.
        """
        pixels.check(x, len(self.mean))
        return (x - self.mean) / self.deviation


def width(v: Tensor, wanted: int) -> None:
    """Refuse data that are not rows of `wanted` finite numbers.

    Raises:
        ValueError: says what was given and what is wanted.
    """
    if v.ndim != 2 or v.shape[1] != wanted:
        raise ValueError(
            f"the data must have shape (N, {wanted}), one image a row; "
            f"got {tuple(v.shape)}"
        )
    if not torch.isfinite(v).all():
        raise ValueError("the data must be finite; there are NaN or infinite entries")


def energy(
    rbm: RBM, v: Float[Tensor, "N D"], h: Float[Tensor, "N M"]
) -> Float[Tensor, " N"]:
    r"""$E(v_n, h_n)$ of each pair (eq. `rbm-energy`)."""
    agreement = torch.einsum("nd,dm,nm->n", v / rbm.sigma, rbm.weights, h)
    return quadratic(rbm, v) - agreement - h @ rbm.hidden_bias


def quadratic(rbm: RBM, v: Float[Tensor, "N D"]) -> Float[Tensor, " N"]:
    r"""$\sum_i \frac{(v_{ni} - b_i)^2}{2 \sigma_i^2}$, of (eq. `rbm-energy`)."""
    return ((v - rbm.visible_bias) / rbm.sigma).square().sum(dim=1) / 2


def hidden_input(rbm: RBM, v: Float[Tensor, "N D"]) -> Float[Tensor, "N M"]:
    r"""$a_j(v_n)$, the log-odds of each hidden unit (eq. `rbm-input`)."""
    return rbm.hidden_bias + (v / rbm.sigma) @ rbm.weights


def hidden_probability(rbm: RBM, v: Float[Tensor, "N D"]) -> Float[Tensor, "N M"]:
    r"""$p(h_j = 1 \mid v_n)$ (eq. `rbm-hidden`)."""
    return torch.sigmoid(hidden_input(rbm, v))


def visible_mean(rbm: RBM, h: Float[Tensor, "N M"]) -> Float[Tensor, "N D"]:
    r"""$c(h_n)$, the mean of the pixels (eq. `rbm-visible-mean`)."""
    return rbm.visible_bias + rbm.sigma * (h @ rbm.weights.T)


def free_energy(rbm: RBM, v: Float[Tensor, "N D"]) -> Float[Tensor, " N"]:
    r"""$F(v_n)$, minus the log of the unnormalised density (eq. `rbm-free-energy`)."""
    softplus = nn.functional.softplus(hidden_input(rbm, v))
    return quadratic(rbm, v) - softplus.sum(dim=1)


def hidden_states(n_hidden: int) -> Float[Tensor, "S M"]:
    r"""All $2^M$ vectors of zeros and ones.

    Raises:
        ValueError: more than `MOST_ENUMERATED` hidden units.
    """
    checks.count("n_hidden", n_hidden)
    if n_hidden > MOST_ENUMERATED:
        raise ValueError(
            f"{n_hidden} hidden units have 2^{n_hidden} states; they are listed for at "
            f"most {MOST_ENUMERATED} units"
        )
    numbers = torch.arange(2**n_hidden)[:, None]
    return ((numbers >> torch.arange(n_hidden)) & 1).float()


def log_weights(rbm: RBM, h: Float[Tensor, "S M"]) -> Float[Tensor, " S"]:
    r"""$\omega_s$, the unnormalised $\log p(h)$ of each state (eq. `rbm-weight`)."""
    field = rbm.hidden_bias + (rbm.visible_bias / rbm.sigma) @ rbm.weights
    coupling = rbm.weights.T @ rbm.weights
    return h @ field + ((h @ coupling) * h).sum(dim=1) / 2


def log_partition(rbm: RBM) -> Float[Tensor, ""]:
    r"""$A = \log Z$, exactly, by listing all hidden states (eq. `rbm-partition`).

    Raises:
        ValueError: more than `MOST_ENUMERATED` hidden units.
    """
    states = hidden_states(rbm.weights.shape[1]).to(rbm.weights.dtype)
    volume = torch.log(math.sqrt(2 * math.pi) * rbm.sigma).sum()
    return volume + torch.logsumexp(log_weights(rbm, states), dim=0)


def log_prob(rbm: RBM, v: Float[Tensor, "N D"]) -> Float[Tensor, " N"]:
    r"""$\log p(v_n)$ in nats, exactly (eq. `rbm-log-density`); for few hidden units.

    Raises:
        ValueError: another number of pixels, or too many hidden units.
    """
    width(v, len(rbm.weights))
    return -free_energy(rbm, v) - log_partition(rbm)


def sample_hidden(rbm: RBM, v: Float[Tensor, "N D"]) -> Float[Tensor, "N M"]:
    """Draw each hidden unit given the pixels, with torch's generator."""
    return torch.bernoulli(hidden_probability(rbm, v))


def sample_visible(rbm: RBM, h: Float[Tensor, "N M"]) -> Float[Tensor, "N D"]:
    """Draw each pixel given the hidden units (eq. `rbm-visible`)."""
    mean = visible_mean(rbm, h)
    return mean + rbm.sigma * torch.randn_like(mean)


@torch.no_grad()
def gibbs(rbm: RBM, v: Float[Tensor, "N D"], n_steps: int) -> Float[Tensor, "N D"]:
    """Draw hidden units and pixels in turn, `n_steps` times, from given pixels on.

    Raises:
        ValueError: another number of pixels, or no step.
    """
    width(v, len(rbm.weights))
    checks.count("n_steps", n_steps)
    for _ in range(n_steps):
        v = sample_visible(rbm, sample_hidden(rbm, v))
    return v


def statistics(rbm: RBM, v: Float[Tensor, "N D"]) -> dict[str, Tensor]:
    r"""Means over the $v_n$ of the slopes of $-F$ (eq. `rbm-slope-weights` and on)."""
    probability = hidden_probability(rbm, v)
    return {
        "weights": (v / rbm.sigma).T @ probability / len(v),
        "visible_bias": ((v - rbm.visible_bias) / rbm.sigma**2).mean(dim=0),
        "hidden_bias": probability.mean(dim=0),
    }


def contrast(
    rbm: RBM, data: Float[Tensor, "N D"], model: Float[Tensor, "S D"]
) -> dict[str, Tensor]:
    r"""Statistics of data less those of draws, by parameter (eq. `rbm-contrast`).

    With draws from the model it estimates the slope of the log-likelihood; with draws a
    few Gibbs steps away from the data it is contrastive divergence.
    """
    there, here = statistics(rbm, data), statistics(rbm, model)
    return {name: there[name] - here[name] for name in there}


def contrastive_divergence(
    rbm: RBM, optimizer: torch.optim.Optimizer, *, n_steps: int = 1
) -> Callable[[Float[Tensor, "B D"]], Terms]:
    r"""The step for `train` that follows `contrast` with draws `n_steps` from the data.

    It reports the mean squared error per pixel of what the draws were drawn around,
    in the squared unit of the data.

    Raises:
        ValueError: no Gibbs step.
    """
    checks.count("n_steps", n_steps)

    @torch.no_grad()
    def step(v: Float[Tensor, "B D"]) -> Terms:
        uphill = contrast(rbm, v, gibbs(rbm, v, n_steps))
        error = reconstruction_error(rbm, v)
        for name, parameter in rbm.named_parameters():
            parameter.grad = -uphill[name]  # an optimiser goes downhill
        optimizer.step()
        return {"reconstruction error": error}

    return step


def reconstruct(rbm: RBM, v: Float[Tensor, "N D"]) -> Float[Tensor, "N D"]:
    r"""$\hat v_n$, the pixels' mean at the units' means (eq. `rbm-reconstruction`).

    Raises:
        ValueError: another number of pixels.
    """
    width(v, len(rbm.weights))
    return visible_mean(rbm, hidden_probability(rbm, v))


def reconstruction_error(rbm: RBM, v: Float[Tensor, "N D"]) -> Float[Tensor, ""]:
    r"""Mean squared error per pixel, in squared units of $v$ (eq. `rbm-error`).

    Raises:
        ValueError: another number of pixels.
    """
    return (v - reconstruct(rbm, v)).square().mean()


@torch.no_grad()
def in_units_of_data(rbm: RBM, units: Units) -> RBM:
    r"""The same density for $x$ itself instead of $v$ (eq. `rbm-units`)."""
    n_visible, n_hidden = rbm.weights.shape
    new = RBM(n_visible, n_hidden).to(rbm.weights)
    shift = (units.mean / (units.deviation * rbm.sigma)) @ rbm.weights
    new.weights.copy_(rbm.weights)
    new.visible_bias.copy_(units.mean + units.deviation * rbm.visible_bias)
    new.hidden_bias.copy_(rbm.hidden_bias - shift)
    new.sigma.copy_(units.deviation * rbm.sigma)
    return new
