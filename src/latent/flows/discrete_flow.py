"""Flows on finite sets: shifts modulo K, one coordinate after another."""

from itertools import product

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from latent import checks
from latent.train import Terms


class DiscreteFlow(nn.Module):
    """Coordinate d is shifted by what a small network says of those before it.

    The base distribution has independent coordinates with any probabilities.

    Args:
        n_coordinates: D.
        n_values: K; every coordinate is a whole number from 0 to K - 1.
        n_hidden: units in the hidden layer of each network.

    Raises:
        ValueError: D or K is no whole number, 1 or more.
    """

    def __init__(self, n_coordinates: int, n_values: int, n_hidden: int = 64) -> None:
        super().__init__()
        checks.count("n_coordinates", n_coordinates)
        checks.count("n_values", n_values)
        self.n_values = n_values
        self.base = nn.Parameter(torch.zeros(n_coordinates, n_values))
        self.shifts = nn.ModuleList(
            nn.Sequential(
                nn.Linear(d * n_values, n_hidden),
                nn.ReLU(),
                nn.Linear(n_hidden, n_values),
            )
            for d in range(1, n_coordinates)
        )

    @property
    def n_coordinates(self) -> int:
        """D."""
        return len(self.base)


def shift(
    x: Float[Tensor, "N K"], amount: Float[Tensor, "N K"]
) -> Float[Tensor, "N K"]:
    r"""$(x + m) \bmod K$ of one-hot numbers (eq. `dflow-convolution`).

    The entries are sums of products, so gradients reach both arguments.

    Args:
        x: one-hot rows.
        amount: one-hot rows; what to add to each.
    """
    turned = torch.stack([amount.roll(k, dims=1) for k in range(x.shape[1])], dim=1)
    return torch.einsum("nk,nkj->nj", x, turned)


def straight_through(logits: Float[Tensor, "N K"]) -> Float[Tensor, "N K"]:
    """The one-hot maximum, with the gradient of the softmax (eq. `dflow-softmax`)."""
    soft = logits.softmax(dim=1)
    hard = F.one_hot(soft.argmax(dim=1), soft.shape[1]).to(soft.dtype)
    return hard + (soft - soft.detach())  # exactly zero, in this order


def explored(logits: Float[Tensor, "N K"]) -> Float[Tensor, "N K"]:
    """Logits with Gumbel noise, whose maximum is a draw (eq. `dflow-gumbel`)."""
    return logits - torch.log(torch.empty_like(logits).exponential_())


def forward(flow: DiscreteFlow, x: Int[Tensor, "N D"]) -> Float[Tensor, "N D K"]:
    """The one-hot coordinates of f(x), differentiable in the flow's parameters.

    In training mode the shifts are drawn at random, so that others than the present
    best are tried; in evaluation mode each is the most probable one.
    """
    hot = F.one_hot(x, flow.n_values).to(flow.base.dtype)
    rows = [hot[:, 0]]
    for d, network in enumerate(flow.shifts, start=1):
        logits = network(hot[:, :d].flatten(1))
        amount = straight_through(explored(logits) if flow.training else logits)
        rows.append(shift(hot[:, d], amount))
    return torch.stack(rows, dim=1)


@torch.no_grad()
def inverse(flow: DiscreteFlow, y: Int[Tensor, "N D"]) -> Int[Tensor, "N D"]:
    """The x with f(x) = y: the shifts undone, the first coordinate first."""
    x = y[:, :1]
    for d, network in enumerate(flow.shifts, start=1):
        before = F.one_hot(x, flow.n_values).to(flow.base.dtype)
        amount = network(before.flatten(1)).argmax(dim=1)
        x = torch.cat([x, ((y[:, d] - amount) % flow.n_values)[:, None]], dim=1)
    return x


def log_prob(flow: DiscreteFlow, x: Int[Tensor, "N D"]) -> Float[Tensor, " N"]:
    """Log-probability of each row, without a Jacobian (eq. `dflow-log-prob`), in nats.

    It is that of a flow only in evaluation mode: see `forward`.

    Raises:
        ValueError: another number of coordinates, or values outside 0 to K - 1.
    """
    _check(flow, x)
    log_base = flow.base.log_softmax(dim=1)
    return (forward(flow, x) * log_base).sum(dim=(1, 2))


@torch.no_grad()
def fit_base(flow: DiscreteFlow, x: Int[Tensor, "N D"]) -> None:
    """Set the base to its best for the present shifts (eq. `dflow-base`).

    Raises:
        ValueError: another number of coordinates, or values outside 0 to K - 1.
    """
    _check(flow, x)
    counts = 1 + forward(flow, x).sum(dim=0)
    flow.base.copy_(torch.log(counts / (len(x) + flow.n_values)))


def negative_log_likelihood(flow: DiscreteFlow, x: Int[Tensor, "N D"]) -> Terms:
    """What training lowers: minus the mean log-probability, in nats."""
    return {"nats": -log_prob(flow, x).mean()}


@torch.no_grad()
def sample(
    flow: DiscreteFlow, n: int, *, generator: torch.Generator
) -> Int[Tensor, "n D"]:
    """Draws from the base, led back through the flow."""
    checks.count("n", n)
    base = flow.base.softmax(dim=1)
    drawn = torch.multinomial(base, n, replacement=True, generator=generator)
    return inverse(flow, drawn.T)


def everything(flow: DiscreteFlow) -> Int[Tensor, "S D"]:
    """All K^D points; for tests and pictures of small flows."""
    values = range(flow.n_values)
    return torch.tensor(list(product(values, repeat=flow.n_coordinates)))


def _check(flow: DiscreteFlow, x: Int[Tensor, "N D"]) -> None:
    if x.ndim != 2 or x.shape[1] != flow.n_coordinates or len(x) == 0:
        raise ValueError(
            f"x must have shape (N, {flow.n_coordinates}); got {tuple(x.shape)}"
        )
    bad = (x < 0) | (x >= flow.n_values)
    if bad.any():
        row, column = (int(i) for i in bad.nonzero()[0])
        raise ValueError(
            f"x must hold whole numbers 0 to {flow.n_values - 1}; x[{row}, {column}] "
            f"is {int(x[row, column])}"
        )
