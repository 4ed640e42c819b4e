"""A sparse, over-complete autoencoder that removes noise, and the best linear denoiser.

Images are rows of grey levels from 0 to 1; noise is Gaussian with a standard deviation
in the same unit, and errors are in its square.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from numpy import ndarray
from numpy.typing import ArrayLike
from scipy.linalg import solve
from torch import Tensor, nn

from latent import checks, pixels
from latent.linear import pca
from latent.train import Terms


class SparseAutoencoder(nn.Module):
    r"""A non-linear encoder, and a linear decoder with columns of length one.

    It starts as one step of `ista_step` from zero, without a penalty, on random atoms
    (eq. `sae-unrolled`); training takes the encoder from there.

    Attributes:
        encoder: its weight is $W$, (M, D), and its bias $b$, (M,).
        directions: (D, M); only the directions of its columns matter.
    """

    def __init__(self, n_pixels: int = 784, n_atoms: int = 1176):
        super().__init__()
        checks.count("n_pixels", n_pixels)
        checks.count("n_atoms", n_atoms)
        self.encoder = nn.Linear(n_pixels, n_atoms)
        self.directions = nn.Parameter(
            F.normalize(torch.randn(n_pixels, n_atoms), dim=0)
        )
        with torch.no_grad():
            self.encoder.weight.copy_(self.directions.T / curvature(self.directions))
            self.encoder.bias.zero_()

    @property
    def dictionary(self) -> Float[Tensor, "D M"]:
        r"""$A$, a unit vector in each column (eq. `sae-unit-norm`)."""
        return F.normalize(self.directions, dim=0)

    def encode(self, x: Float[Tensor, "..."]) -> Float[Tensor, "N M"]:
        r"""$h_n$, not negative, of images with or without noise (eq. `sae-encoder`).

        Raises:
            ValueError: images of another size than the model's.
        """
        wanted = self.encoder.in_features
        if x.ndim != 2 or x.shape[1] != wanted:
            raise ValueError(
                f"x must have shape (N, {wanted}), one image a row; "
                f"got {tuple(x.shape)}"
            )
        return F.relu(self.encoder(x))

    def decode(self, h: Float[Tensor, "N M"]) -> Float[Tensor, "N D"]:
        r"""$\hat x_n = A h_n$ (eq. `sae-decoder`)."""
        return h @ self.dictionary.T

    def forward(self, x: Float[Tensor, "N D"]) -> Float[Tensor, "N D"]:
        """The images without their noise."""
        return self.decode(self.encode(x))


def add_noise(
    x: Float[Tensor, "N D"], noise: float, generator: torch.Generator | None = None
) -> Float[Tensor, "N D"]:
    r"""$\tilde x_n$, `noise` being the standard deviation $\sigma$ (eq. `sae-noise`).

    Raises:
        ValueError: grey levels outside 0 to 1, or noise below zero.
    """
    checks.tolerance("noise", noise)
    pixels.check(x, x.shape[-1])
    return x + noise * torch.randn(x.shape, generator=generator, dtype=x.dtype)


def denoising_loss(
    model: SparseAutoencoder, x: Float[Tensor, "N D"], *, noise: float, penalty: float
) -> Terms:
    """Squared error and penalty of freshly noised images (eq. `sae-objective`).

    Both are means over images, in squared grey levels.
    """
    h = model.encode(add_noise(x, noise))
    error = 0.5 * (model.decode(h) - x).square().sum(dim=1)
    return {"error": error.mean(), "sparsity": penalty * h.sum(dim=1).mean()}


def soft_threshold(v: Tensor, threshold: float) -> Tensor:
    r"""$\mathcal{S}_\lambda$: nearer to zero by `threshold` (eq. `sae-soft`)."""
    return v.sign() * F.relu(v.abs() - threshold)


def ista_step(
    h: Float[Tensor, "N M"],
    x: Float[Tensor, "N D"],
    dictionary: Float[Tensor, "D M"],
    *,
    penalty: float,
    L: float,
) -> Float[Tensor, "N M"]:
    """Codes with a smaller penalised error, none negative (eq. `sae-ista`).

    Args:
        h: the codes so far.
        x: the images.
        dictionary: $A$.
        penalty: of the sum of the codes.
        L: at least `curvature(dictionary)`.
    """
    slope = (x - h @ dictionary.T) @ dictionary
    return F.relu(h + (slope - penalty) / L)


def curvature(dictionary: Float[Tensor, "D M"]) -> float:
    r"""The largest eigenvalue of $A^\top A$, the least $L$ (eq. `sae-majoriser`)."""
    return float(torch.linalg.matrix_norm(dictionary.detach(), ord=2) ** 2)


def strongest(h: Float[Tensor, "N M"], n: int) -> Int[Tensor, "N n"]:
    """The atoms that each code uses most, the largest in magnitude first.

    Raises:
        ValueError: more atoms asked for than there are.
    """
    checks.count("n", n, at_most=h.shape[1], of="atoms")
    return h.abs().argsort(dim=1, descending=True, stable=True)[:, :n]


@dataclass(frozen=True, eq=False)
class LinearDenoiser:
    r"""The best affine map from noisy to clean observations.

    Attributes:
        mean: (D,), $\bar x$.
        matrix: (D, D), $\hat B$.
    """

    mean: Float[ndarray, " D"]
    matrix: Float[ndarray, "D D"]


def fit_linear(x: ArrayLike, *, noise: float) -> LinearDenoiser:
    r"""$\hat B$ from the covariance of clean observations (eq. `sae-wiener`).

    Args:
        x: (N, D) clean observations.
        noise: the standard deviation of the noise to be removed.

    Raises:
        ValueError: bad data, or noise that is not positive.
    """
    x = checks.observations(x)
    if not noise > 0:
        raise ValueError(f"noise must be more than 0; got {noise!r}")
    mean = pca.mean_of(x)
    covariance = pca.covariance(x, mean)
    noisy = covariance + noise**2 * np.eye(len(mean))
    # The two matrices commute, so that the product is symmetric: either order will do.
    return LinearDenoiser(mean, solve(noisy, covariance, assume_a="pos"))


def denoise_linear(params: LinearDenoiser, x: ArrayLike) -> Float[ndarray, "N D"]:
    r"""$\bar x + \hat B (\tilde x_n - \bar x)$ (eq. `sae-linear`).

    Raises:
        ValueError: bad data, or another number of features than the model has.
    """
    x = checks.observations(x)
    checks.features(x, len(params.mean))
    return params.mean + (x - params.mean) @ params.matrix.T


def peak_signal_to_noise(error: float) -> float:
    """Decibels, of a mean squared error per pixel; the peak is one (eq. `sae-psnr`)."""
    return float(-10 * np.log10(error))
