"""NICE: additive couplings and one scaling, a flow whose likelihood is exact."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from latent import checks, pixels
from latent.deep.vae import mlp
from latent.train import Terms

LEVELS = 256  # grey levels of a pixel


class NICE(nn.Module):
    r"""An invertible map $z = f(x)$ of images to independent logistic variables.

    Args:
        n_pixels: D, at least 2.
        n_couplings: how many couplings; the even pixels are read by the first, the odd
            ones by the second, and so on in turn.
        n_hidden: units in each hidden layer of a coupling's network.
        n_layers: hidden layers of a coupling's network.

    Raises:
        ValueError: a size below its least value.
    """

    def __init__(
        self, n_pixels: int, *, n_couplings: int = 4, n_hidden: int, n_layers: int = 2
    ) -> None:
        super().__init__()
        checks.count("n_pixels", n_pixels)
        checks.count("n_couplings", n_couplings)
        checks.count("n_hidden", n_hidden)
        checks.count("n_layers", n_layers)
        if n_pixels < 2:
            raise ValueError("n_pixels is 1, which leaves nothing for the other half")
        self.n_pixels = n_pixels
        sizes = [n_pixels - n_pixels // 2, n_pixels // 2]
        hidden = [n_hidden] * n_layers
        self.shifts = nn.ModuleList(
            mlp(sizes[i % 2], *hidden, sizes[1 - i % 2]) for i in range(n_couplings)
        )
        self.log_scale = nn.Parameter(torch.zeros(n_pixels))

    def forward(
        self, x: Float[Tensor, "B D"]
    ) -> tuple[Float[Tensor, "B D"], Float[Tensor, " B"]]:
        r"""$f(x)$ and $\log |\det \partial f / \partial x|$ (eq. `nice-scaling`).

        Every coupling adds to one half a function of the other (eq. `nice-coupling`);
        only the scaling changes volumes (eq. `nice-log-volume`).
        """
        halves = [x[:, 0::2], x[:, 1::2]]
        for i, shift in enumerate(self.shifts):
            read, moved = i % 2, 1 - i % 2
            halves[moved] = halves[moved] + shift(halves[read])
        log_volume = self.log_scale.sum().expand(len(x))
        return _interleaved(halves) * self.log_scale.exp(), log_volume

    def inverse(
        self, z: Float[Tensor, "B D"]
    ) -> tuple[Float[Tensor, "B D"], Float[Tensor, " B"]]:
        r"""$x$ with $f(x) = z$, and $\log |\det \partial x / \partial z|$.

        The couplings in reverse order, each subtracting what it had added (eq.
        `nice-coupling-inverse`).
        """
        h = z * (-self.log_scale).exp()
        halves = [h[:, 0::2], h[:, 1::2]]
        for i, shift in reversed(list(enumerate(self.shifts))):
            read, moved = i % 2, 1 - i % 2
            halves[moved] = halves[moved] - shift(halves[read])
        return _interleaved(halves), -self.log_scale.sum().expand(len(z))


def _interleaved(halves: list[Tensor]) -> Float[Tensor, "B D"]:
    """The two halves as one image: the even pixels and the odd ones."""
    even, odd = halves
    x = even.new_empty(len(even), even.shape[1] + odd.shape[1])
    x[:, 0::2], x[:, 1::2] = even, odd
    return x


def log_logistic(z: Float[Tensor, "B D"]) -> Float[Tensor, "B D"]:
    r"""$\log g(z)$ of the logistic density (eq. `nice-log-logistic`), in nats."""
    return -F.softplus(z) - F.softplus(-z)


def log_prob(flow: NICE, x: Float[Tensor, "B D"]) -> Float[Tensor, " B"]:
    r"""$\log p(x)$ of continuous images (eq. `nice-log-likelihood`), in nats."""
    z, log_volume = flow(x)
    return log_volume + log_logistic(z).sum(dim=1)


def dequantized(
    x: Float[Tensor, "B D"], *, generator: torch.Generator | None = None
) -> Float[Tensor, "B D"]:
    r"""A point drawn from each grey level's interval (eq. `nice-dequantised`).

    Args:
        x: grey levels divided by 255.
        generator: None takes torch's global one, as a training step does.
    """
    noise = torch.rand(x.shape, generator=generator)
    return ((LEVELS - 1) * x + noise) / LEVELS


def negative_log_likelihood(flow: NICE, x: Float[Tensor, "B D"]) -> Terms:
    r"""Both parts of $-\log p$ of dequantised images, in nats per image.

    Args:
        flow: which density.
        x: grey levels divided by 255; the noise is drawn anew at every call.
    """
    z, log_volume = flow(dequantized(x))
    return {"base": -log_logistic(z).sum(dim=1).mean(), "volume": -log_volume.mean()}


def bits_per_dimension(nats: float, n_pixels: int) -> float:
    r"""What a pixel costs (eq. `nice-bits`).

    Args:
        nats: minus the log-density of an image with pixels from 0 to 1.
        n_pixels: D.
    """
    return (nats / n_pixels + math.log(LEVELS)) / math.log(2)


@torch.no_grad()
def start(flow: NICE, x: Float[Tensor, "N D"]) -> None:
    r"""Set the flow to standardise each pixel by itself (eq. `nice-start`).

    The couplings' networks begin with an output of zero, but for the biases of the
    first two, which take the mean away.

    Args:
        flow: changed in place; two couplings or more.
        x: images to take the mean and the standard deviation from, as for `check`.

    Raises:
        ValueError: images that `check` refuses, or a single coupling.
    """
    check(flow, x)
    if len(flow.shifts) < 2:
        raise ValueError("a single coupling cannot take away the mean of both halves")
    levels = (LEVELS - 1) * x
    mean = (levels.mean(dim=0) + 0.5) / LEVELS
    variance = (levels.var(dim=0, correction=0) + 1 / 12) / LEVELS**2
    last = [_last_layer(shift) for shift in flow.shifts]
    for layer in last:
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)
    last[0].bias.copy_(-mean[1::2])
    last[1].bias.copy_(-mean[0::2])
    flow.log_scale.copy_(torch.log(math.pi / torch.sqrt(3 * variance)))


def _last_layer(shift: nn.Module) -> nn.Linear:
    assert isinstance(shift, nn.Sequential)
    layer = shift[-1]
    assert isinstance(layer, nn.Linear)
    return layer


@torch.no_grad()
def sample(
    flow: NICE, n: int, *, generator: torch.Generator | None = None
) -> Float[Tensor, "n D"]:
    r"""Images $f^{-1}(z)$ with $z$ from the logistic prior (eq. `nice-inverse-cdf`).

    They are continuous, and some pixels lie a little below 0 or above 1.

    Raises:
        ValueError: n below one.
    """
    checks.count("n", n)
    # In single precision one uniform number in 17 million is 0, whose log is infinite.
    u = torch.rand(n, flow.n_pixels, generator=generator, dtype=torch.float64)
    z = u.log() - (-u).log1p()
    return flow.inverse(z.float())[0]


def check(flow: NICE, x: Float[Tensor, "N D"]) -> None:
    """Refuse images that are not what the flow was made for.

    Raises:
        ValueError: another number of pixels, values outside [0, 1], or values that are
            no grey levels, whose likelihood the noise would falsify.
    """
    pixels.check(x, flow.n_pixels)
    levels = (LEVELS - 1) * x
    off = (levels - levels.round()).abs() > 1e-3
    if off.any():
        row, column = (int(i) for i in off.nonzero()[0])
        raise ValueError(
            f"pixels must be whole grey levels divided by {LEVELS - 1}; x[{row}, "
            f"{column}] is {x[row, column].item():g}: round before dividing, and do "
            "not add noise, which the likelihood does"
        )
