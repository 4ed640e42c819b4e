"""The variational autoencoder of binary images (chapter deep/vae)."""

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from latent import pixels
from latent.train import Terms


def mlp(*sizes: int) -> nn.Sequential:
    """Linear layers of these sizes, with rectifiers between them."""
    layers = [
        layer for i, o in pairwise(sizes) for layer in (nn.Linear(i, o), nn.ReLU())
    ]
    return nn.Sequential(*layers[:-1])


class VAE(nn.Module):
    r"""$p(x \mid z)$ Bernoulli, $p(z)$ standard normal, $q(z \mid x)$ diagonal.

    Args:
        n_pixels: D.
        n_latent: L, the dimensions of the code.
        n_hidden: units in the one hidden layer of either network.
    """

    def __init__(self, n_pixels: int, n_latent: int, n_hidden: int = 400) -> None:
        super().__init__()
        self.n_pixels, self.n_latent = n_pixels, n_latent
        self.encoder = mlp(n_pixels, n_hidden, 2 * n_latent)
        self.decoder = mlp(n_latent, n_hidden, n_pixels)

    def encode(
        self, x: Float[Tensor, "B D"]
    ) -> tuple[Float[Tensor, "B L"], Float[Tensor, "B L"]]:
        r"""Means and log-variances of $q(z \mid x)$."""
        mean, log_variance = self.encoder(x).chunk(2, dim=1)
        return mean, log_variance

    def decode(self, z: Float[Tensor, "B L"]) -> Float[Tensor, "B D"]:
        r"""Logits of the pixels' probabilities in $p(x \mid z)$."""
        return self.decoder(z)


def reparameterize(
    mean: Float[Tensor, "B L"], log_variance: Float[Tensor, "B L"]
) -> Float[Tensor, "B L"]:
    r"""$z = \mu + \sigma \epsilon$ with $\epsilon \sim \mathcal N(0, I)$."""
    return mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)


def kl_to_standard_normal(
    mean: Float[Tensor, "B L"], log_variance: Float[Tensor, "B L"]
) -> Float[Tensor, " B"]:
    r"""$D_{KL}(\mathcal N(\mu, \sigma^2) \| \mathcal N(0, I))$ of each row, in nats."""
    return 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(dim=1)


def negative_elbo(vae: VAE, x: Float[Tensor, "B D"]) -> Terms:
    """The two terms of minus the evidence lower bound, in nats per image."""
    mean, log_variance = vae.encode(x)
    logits = vae.decode(reparameterize(mean, log_variance))
    distortion = F.binary_cross_entropy_with_logits(logits, x, reduction="none")
    rate = kl_to_standard_normal(mean, log_variance)
    return {"distortion": distortion.sum(dim=1).mean(), "rate": rate.mean()}


def sample(
    vae: VAE, n: int, *, generator: torch.Generator | None = None
) -> Float[Tensor, "N D"]:
    """Pixel probabilities of `n` codes drawn from the prior."""
    z = torch.randn(n, vae.n_latent, generator=generator)
    with torch.no_grad():
        return torch.sigmoid(vae.decode(z))


def check(vae: VAE, x: Float[Tensor, "N D"]) -> None:
    """Refuse images that are not what the autoencoder was made for.

    Raises:
        ValueError: another number of pixels, or grey levels outside [0, 1].
    """
    pixels.check(x, vae.n_pixels)
