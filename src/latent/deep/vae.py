"""The variational autoencoder of binary images."""

import math
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from latent import checks, pixels
from latent.train import Terms

ROWS = 10_000  # of images drawn at a time, so that they stay within some 100 MB


def mlp(*sizes: int) -> nn.Sequential:
    """Linear layers of these sizes, with rectifiers between them."""
    layers = [
        layer for i, o in pairwise(sizes) for layer in (nn.Linear(i, o), nn.ReLU())
    ]
    return nn.Sequential(*layers[:-1])


class VAE(nn.Module):
    r"""$p(x \mid z)$ Bernoulli, $p(z)$ standard normal, $q(z \mid x)$ diagonal.

    Equations `vae-prior`, `vae-probability` and `vae-encoder`.

    Args:
        n_pixels: D.
        n_latent: K, the dimensions of the code.
        n_hidden: units in the one hidden layer of either network.
    """

    def __init__(self, n_pixels: int, n_latent: int, n_hidden: int = 400) -> None:
        super().__init__()
        self.n_pixels, self.n_latent = n_pixels, n_latent
        self.encoder = mlp(n_pixels, n_hidden, 2 * n_latent)
        self.decoder = mlp(n_latent, n_hidden, n_pixels)

    def encode(
        self, x: Float[Tensor, "B D"]
    ) -> tuple[Float[Tensor, "B K"], Float[Tensor, "B K"]]:
        r"""Means $\mu$ and log-variances $v$ of $q(z \mid x)$ (eq. `vae-encoder`)."""
        mean, log_variance = self.encoder(x).chunk(2, dim=1)
        return mean, log_variance

    def decode(self, z: Float[Tensor, "*B K"]) -> Float[Tensor, "*B D"]:
        r"""Logits $a$ of the pixels' probabilities in $p(x \mid z)$."""
        return self.decoder(z)


def reparameterize(
    mean: Float[Tensor, "B K"], log_variance: Float[Tensor, "B K"]
) -> Float[Tensor, "B K"]:
    r"""$z = \mu + \sigma \odot \varepsilon$, $\varepsilon$ drawn (eq. `vae-trick`)."""
    return mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)


def kl_to_standard_normal(
    mean: Float[Tensor, "B K"], log_variance: Float[Tensor, "B K"]
) -> Float[Tensor, " B"]:
    r"""$D_{KL}(\mathcal N(\mu, \sigma^2) \| \mathcal N(0, I))$ of each row, in nats.

    Equation `vae-kl`, with log-variances as in (eq. `vae-rate`).
    """
    return 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(dim=1)


def log_bernoulli(
    x: Float[Tensor, "*B D"], logits: Float[Tensor, "*B D"]
) -> Float[Tensor, "*B"]:
    r"""$\log p(x \mid z)$ from the logits at $z$, in nats (eq. `vae-logits`)."""
    losses = F.binary_cross_entropy_with_logits(logits, x, reduction="none")
    return -losses.sum(dim=-1)


def negative_elbo(vae: VAE, x: Float[Tensor, "B D"]) -> Terms:
    """The two terms of minus the bound (eq. `vae-objective`), in nats per image."""
    mean, log_variance = vae.encode(x)
    logits = vae.decode(reparameterize(mean, log_variance))
    distortion = -log_bernoulli(x, logits)
    rate = kl_to_standard_normal(mean, log_variance)
    return {"distortion": distortion.mean(), "rate": rate.mean()}


def log_weights(
    vae: VAE,
    x: Float[Tensor, "B D"],
    n_samples: int,
    *,
    generator: torch.Generator | None = None,
) -> Float[Tensor, "I B"]:
    r"""$\log w_i$ for $z_i$ drawn from $q(z \mid x)$ (eq. `vae-log-weight`)."""
    mean, log_variance = vae.encode(x)
    noise = torch.randn(n_samples, *mean.shape, generator=generator)
    z = mean + torch.exp(0.5 * log_variance) * noise
    prior_to_q = 0.5 * (noise**2 + log_variance - z**2).sum(dim=2)
    logits = vae.decode(z)
    return log_bernoulli(x.expand_as(logits), logits) + prior_to_q


@torch.no_grad()
def log_likelihood(
    vae: VAE,
    x: Float[Tensor, "N D"],
    *,
    n_samples: int,
    generator: torch.Generator | None = None,
) -> Float[Tensor, " N"]:
    r"""An estimate of $\log p(x)$ of each image, in nats (eq. `vae-importance`).

    It errs downwards on average, less so the more samples it has.

    Args:
        vae: the model.
        x: binary images.
        n_samples: I, codes drawn for each image.
        generator: None takes torch's global one.

    Raises:
        ValueError: another number of pixels, pixels outside [0, 1], or no samples.
    """
    check(vae, x)
    checks.count("n_samples", n_samples)
    batches = x.split(max(ROWS // n_samples, 1))
    logs = [log_weights(vae, part, n_samples, generator=generator) for part in batches]
    return torch.cat(logs, dim=1).logsumexp(dim=0) - math.log(n_samples)


def sample(
    vae: VAE, n: int, *, generator: torch.Generator | None = None
) -> Float[Tensor, "N D"]:
    """Pixel probabilities of `n` codes drawn from the prior (eq. `vae-prior`)."""
    z = torch.randn(n, vae.n_latent, generator=generator)
    with torch.no_grad():
        return torch.sigmoid(vae.decode(z))


def check(vae: VAE, x: Float[Tensor, "N D"]) -> None:
    """Refuse images that are not what the autoencoder was made for.

    Raises:
        ValueError: another number of pixels, or grey levels outside [0, 1].
    """
    pixels.check(x, vae.n_pixels)
