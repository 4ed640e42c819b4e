"""Principal component analysis: the directions in which the data vary most."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from numpy.typing import ArrayLike
from scipy.linalg import eigh

from latent import checks
from latent.em import blocks


@dataclass(frozen=True, eq=False)
class PCA:
    r"""The mean and the first K principal directions.

    Attributes:
        mean: (D,), $\bar x$.
        components: (K, D), orthonormal rows $u_k$, by falling variance; the entry of
            largest magnitude of each is positive.
        variances: (K,), $\lambda_k$, in squared data units; division by N.
        total_variance: the sum of all D variances.
    """

    mean: Float[ndarray, " D"]
    components: Float[ndarray, "K D"]
    variances: Float[ndarray, " K"]
    total_variance: float


def fit(x: ArrayLike, n_components: int) -> PCA:
    r"""Eigenvectors of the covariance, from the smaller of two matrices.

    With $N \ge D$ from the covariance; else from the (N, N) Gram matrix of the centred
    data, whose eigenvectors turn into those of the covariance by one product.

    Args:
        x: (N, D) observations, in any unit.
        n_components: K, from 1 to the smaller of N and D.

    Raises:
        ValueError: bad data, or K out of its range.
    """
    x = checks.observations(x)
    N, D = x.shape
    checks.count("n_components", n_components, at_most=min(N, D), of="directions")
    mean = x.mean(axis=0)
    if N < D:
        z = x - mean
        gram = z @ z.T / N
        variances, vectors = largest(gram, n_components)
        # Orthonormal also where the variance, and with it the product, is zero.
        components, total = np.linalg.qr(z.T @ vectors)[0].T, np.trace(gram)
    else:
        s = covariance(x, mean)
        variances, vectors = largest(s, n_components)
        components, total = vectors.T, np.trace(s)
    return PCA(mean, signed(components), variances, float(total))


def covariance(
    x: Float[ndarray, "N D"], mean: Float[ndarray, " D"]
) -> Float[ndarray, "D D"]:
    r"""$S = \frac1N \sum_n (x_n - \bar x)(x_n - \bar x)^\top$."""
    total = np.zeros((x.shape[1], x.shape[1]))
    for rows in blocks(len(x), x.shape[1]):
        z = x[rows] - mean
        total += z.T @ z
    return total / len(x)


def largest(
    matrix: Float[ndarray, "M M"], k: int
) -> tuple[Float[ndarray, " K"], Float[ndarray, "M K"]]:
    """The k largest eigenvalues, falling, none below zero, and their eigenvectors."""
    M = len(matrix)
    values, vectors = eigh(matrix, subset_by_index=(M - k, M - 1))
    return np.maximum(values[::-1], 0), vectors[:, ::-1]


def signed(components: Float[ndarray, "K D"]) -> Float[ndarray, "K D"]:
    """Each row times the sign that makes its entry of largest magnitude positive."""
    rows = np.arange(len(components))
    peaks = components[rows, np.abs(components).argmax(axis=1)]
    return components * np.where(peaks < 0, -1.0, 1.0)[:, None]


def transform(params: PCA, x: ArrayLike) -> Float[ndarray, "N K"]:
    r"""Scores $u_k^\top (x_n - \bar x)$.

    Raises:
        ValueError: bad data, or another number of features than the model has.
    """
    x = checks.observations(x)
    checks.features(x, params.components.shape[1])
    return (x - params.mean) @ params.components.T


def reconstruct(params: PCA, scores: Float[ndarray, "N K"]) -> Float[ndarray, "N D"]:
    r"""$\bar x + \sum_k c_{nk} u_k$ of scores $c_n$."""
    return params.mean + scores @ params.components
