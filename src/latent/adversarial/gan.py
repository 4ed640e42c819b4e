"""Generative adversarial networks: a generator against a discriminator.

The discriminator gives logits: the log odds that its input is real. No probability is
formed on the way to a logarithm.
"""

from collections.abc import Callable
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from latent import checks

GeneratorLoss = Callable[[Tensor], Tensor]
"""From the logits of generated inputs to what the generator minimises."""


class GAN(nn.Module):
    r"""A generator and a discriminator, any two modules that fit together.

    Attributes:
        generator: from z, (B, *latent_shape), to inputs of the discriminator.
        discriminator: from inputs to logits, one for each, (B,) or (B, 1).
        latent_shape: the shape of one $z \sim \mathcal N(0, I)$.
        value_range: the least and the largest value that the generator can make.
    """

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        *,
        latent_shape: tuple[int, ...],
        value_range: tuple[float, float] = (0.0, 1.0),
    ) -> None:
        super().__init__()
        self.generator = generator
        self.discriminator = discriminator
        self.latent_shape = latent_shape
        self.value_range = value_range

    def sample(self, n: int) -> Float[Tensor, "B ..."]:
        """G(z) for n draws of z, made by torch's own random numbers.

        Raises:
            ValueError: n below one.
        """
        checks.count("n", n)
        device = next(self.parameters()).device
        return self.generator(torch.randn(n, *self.latent_shape, device=device))


def value_function(
    real_logits: Float[Tensor, "*B"], fake_logits: Float[Tensor, "*C"]
) -> Float[Tensor, ""]:
    r"""$V(G, D)$ on samples (eq. `gan-value-logits`), in nats; D maximises it.

    Args:
        real_logits: what D says of data.
        fake_logits: what D says of what G made.
    """
    return F.logsigmoid(real_logits).mean() + F.logsigmoid(-fake_logits).mean()


def saturating_loss(fake_logits: Float[Tensor, "*B"]) -> Float[Tensor, ""]:
    r"""$\log(1 - D(G(z)))$, averaged (eq. `gan-saturating`), in nats."""
    return F.logsigmoid(-fake_logits).mean()


def non_saturating_loss(fake_logits: Float[Tensor, "*B"]) -> Float[Tensor, ""]:
    r"""$-\log D(G(z))$, averaged (eq. `gan-non-saturating`), in nats."""
    return -F.logsigmoid(fake_logits).mean()


def losses(gan: GAN, x: Float[Tensor, "B ..."]) -> dict[str, Tensor]:
    """What each of the two minimises, on x and as many generated inputs, in nats.

    Raises:
        ValueError: x is not of the shape and range of what the generator makes.
    """
    fake = gan.sample(len(x))
    _comparable(gan, x, fake)
    fake_logits = gan.discriminator(fake)
    return {
        "discriminator": -value_function(gan.discriminator(x), fake_logits),
        "generator": non_saturating_loss(fake_logits),
    }


def adversarial_step(
    gan: GAN,
    generator_optimizer: torch.optim.Optimizer,
    discriminator_optimizer: torch.optim.Optimizer,
    *,
    generator_loss: GeneratorLoss = non_saturating_loss,
) -> Callable[[Tensor], dict[str, Tensor]]:
    """The step for `train`: D moves up the value function, then G down its own loss.

    The generated inputs are the same for both. They are detached for D, whose step
    must not reach back into G (eq. `gan-fake-slope`).

    Raises:
        ValueError: by the step, x is not of the shape and range of what G makes.
    """

    def step(x: Tensor) -> dict[str, Tensor]:
        fake = gan.sample(len(x))
        _comparable(gan, x, fake)
        real_logits, fake_logits = map(gan.discriminator, (x, fake.detach()))
        d_loss = -value_function(real_logits, fake_logits)
        discriminator_optimizer.zero_grad()
        d_loss.backward()
        discriminator_optimizer.step()

        g_loss = generator_loss(gan.discriminator(fake))
        generator_optimizer.zero_grad()
        g_loss.backward()  # leaves gradients in D, too: its next step clears them
        generator_optimizer.step()
        return {"discriminator": d_loss, "generator": g_loss}

    return step


class Centred(nn.Module):
    """Grey levels from 0 to 1 as numbers from -1 to 1."""

    def forward(self, x: Float[Tensor, "B D"]) -> Float[Tensor, "B D"]:
        """2x - 1."""
        return 2 * x - 1


def mlp_gan(
    n_pixels: int, n_latent: int, n_hidden: int, *, dropout: float = 0.3
) -> GAN:
    """Two fully connected networks for grey levels from 0 to 1.

    The generator normalises each hidden unit over the batch, and the discriminator
    looks at 2x - 1: without the two, images from different z differ little at first.

    Args:
        n_pixels: D.
        n_latent: L.
        n_hidden: units in each of the two hidden layers of either network.
        dropout: the share of D's hidden units that are silenced, at random, a step.

    Raises:
        ValueError: a size below one, or a share that is none.
    """
    sizes = {"n_pixels": n_pixels, "n_latent": n_latent, "n_hidden": n_hidden}
    for name, size in sizes.items():
        checks.count(name, size)
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must be 0 or more and below 1; got {dropout}")
    generator, discriminator = nn.Sequential(), nn.Sequential(Centred())
    for i, o in pairwise((n_latent, n_hidden, n_hidden)):
        generator.extend([nn.Linear(i, o), nn.BatchNorm1d(o), nn.ReLU()])
    for i, o in pairwise((n_pixels, n_hidden, n_hidden)):
        discriminator.extend([nn.Linear(i, o), nn.LeakyReLU(0.2), nn.Dropout(dropout)])
    generator.extend([nn.Linear(n_hidden, n_pixels), nn.Sigmoid()])
    discriminator.append(nn.Linear(n_hidden, 1))
    return GAN(generator, discriminator, latent_shape=(n_latent,))


def _comparable(gan: GAN, x: Tensor, fake: Tensor) -> None:
    """Refuse data that D could tell from the generator's by shape or range alone."""
    if x.shape != fake.shape:
        raise ValueError(
            f"x must have the shape of what the generator makes, "
            f"{tuple(fake.shape)}; got {tuple(x.shape)}"
        )
    low, high = gan.value_range
    least, largest = (bound.item() for bound in x.aminmax())
    if not low <= least <= largest <= high:  # NaN fails, too
        raise ValueError(
            f"x must lie between {low:g} and {high:g}, as what the generator makes; "
            f"its values are from {least:g} to {largest:g}: scale the pixels"
        )
