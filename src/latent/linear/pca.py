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
        components: (K, D), orthonormal rows $u_k$, by falling variance; their signs are
            those of `signed`. Where variances are equal, or zero, they are one
            orthonormal choice of many.
        variances: (K,), $\lambda_k$, in squared data units; division by N.
        total_variance: the sum of all D variances.
    """

    mean: Float[ndarray, " D"]
    components: Float[ndarray, "K D"]
    variances: Float[ndarray, " K"]
    total_variance: float


def fit(x: ArrayLike, n_components: int) -> PCA:
    r"""The eigenvectors of $S$ with the largest eigenvalues (eq. `pca-eigenvector`).

    They come from the smaller of two matrices: with $N \ge D$ from the (D, D)
    covariance; else from the (N, N) Gram matrix (eq. `pca-gram-matrix`), whose
    eigenvectors one product turns into those of the covariance
    (eq. `pca-gram-component`). Data that do not vary have variances of zero.

    Args:
        x: (N, D) observations, in any unit.
        n_components: K, from 1 to the smaller of N and D.

    Raises:
        ValueError: bad data, or K out of its range.
    """
    x = checks.observations(x)
    N, D = x.shape
    checks.count("n_components", n_components, at_most=min(N, D), of="directions")
    mean = mean_of(x)
    if N < D:
        y = x - mean
        matrix = y @ y.T / N
        variances, w = largest(matrix, n_components)
        # QR scales the columns; and it fills up where the variance and so Y'w is zero.
        components = np.linalg.qr(y.T @ w)[0].T
    else:
        matrix = covariance(x, mean)
        variances, vectors = largest(matrix, n_components)
        components = vectors.T
    return PCA(mean, signed(components), variances, float(np.trace(matrix)))


def mean_of(x: Float[ndarray, "N D"]) -> Float[ndarray, " D"]:
    r"""$\bar x$ (eq. `pca-mean`); of a constant feature exactly the constant."""
    return np.where((x == x[0]).all(axis=0), x[0], x.mean(axis=0))


def covariance(
    x: Float[ndarray, "N D"], mean: Float[ndarray, " D"]
) -> Float[ndarray, "D D"]:
    r"""$S$ (eq. `pca-covariance`): centred first, then squared."""
    total = np.zeros((x.shape[1], x.shape[1]))
    for rows in blocks(len(x), 1):  # the longest: a product minds the cache itself
        y = x[rows] - mean
        total += y.T @ y
    return total / len(x)


def largest(
    matrix: Float[ndarray, "M M"], k: int
) -> tuple[Float[ndarray, " K"], Float[ndarray, "M K"]]:
    """The k largest eigenvalues, falling, none below zero, and their eigenvectors."""
    M = len(matrix)
    values, vectors = eigh(matrix, subset_by_index=(M - k, M - 1))
    return np.maximum(values[::-1], 0), vectors[:, ::-1]


def signed(components: Float[ndarray, "K D"]) -> Float[ndarray, "K D"]:
    """Each row times the sign that makes its largest entry in magnitude positive.

    Of several that differ by less than a millionth the first decides, so that rounding
    does not.
    """
    size = np.abs(components)
    first = (size > (1 - 1e-6) * size.max(axis=1, keepdims=True)).argmax(axis=1)
    peaks = components[np.arange(len(components)), first]
    return components * np.where(peaks < 0, -1.0, 1.0)[:, None]


def transform(params: PCA, x: ArrayLike) -> Float[ndarray, "N K"]:
    r"""Scores $\hat a_n = U^\top (x_n - \bar x)$ (eq. `pca-scores`).

    Raises:
        ValueError: bad data, or another number of features than the model has.
    """
    x = checks.observations(x)
    checks.features(x, params.components.shape[1])
    return (x - params.mean) @ params.components.T


def reconstruct(params: PCA, scores: ArrayLike) -> Float[ndarray, "N D"]:
    r"""$\bar x + U \hat a_n$ from the scores $\hat a_n$ (eq. `pca-projection`).

    Args:
        params: the fitted model.
        scores: (N, L); the first L components are used, at most all K.

    Raises:
        ValueError: not one row an observation, or more scores than components.
    """
    scores = np.asarray(scores, dtype=float)
    if scores.ndim != 2:
        raise ValueError(
            f"scores must have shape (N, L), one observation a row; got {scores.shape}"
        )
    used, there = scores.shape[1], len(params.components)
    if used > there:
        raise ValueError(f"scores has {used} columns; the model has {there} components")
    return params.mean + scores @ params.components[:used]


def explained_variance(params: PCA) -> Float[ndarray, " K"]:
    r"""Each component's share of the variance, $\lambda_k$ over the total.

    Their running sum is the share that the first k keep (eq. `pca-share-kept`).

    Raises:
        ValueError: the data did not vary, so there is nothing to share.
    """
    if params.total_variance == 0:
        raise ValueError(
            "the data do not vary: all observations are equal, and shares of a total "
            "variance of zero have no meaning"
        )
    return params.variances / params.total_variance
