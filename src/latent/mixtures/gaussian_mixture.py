"""Mixtures of Gaussians with full or diagonal covariances, fitted by EM."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray
from numpy.typing import ArrayLike

from latent import checks
from latent.em import Fit, blocks, em, homogeneous, posterior
from latent.mixtures import kmeans


@dataclass(frozen=True, eq=False)
class GaussianMixture:
    r"""Parameters of $p(x) = \sum_k \pi_k \mathcal N(x \mid \mu_k, \Sigma_k)$.

    Attributes:
        weights: (K,), $\pi_k$, summing to one.
        means: (K, D), $\mu_k$.
        covariances: (K, D, D), $\Sigma_k$, or (K, D), their diagonals.
    """

    weights: Float[ndarray, " K"]
    means: Float[ndarray, "K D"]
    covariances: Float[ndarray, "K D D"] | Float[ndarray, "K D"]


def log_joint(
    params: GaussianMixture, x: Float[ndarray, "N D"]
) -> Float[ndarray, "N K"]:
    r"""$\log \pi_k + \log \mathcal N(x_n \mid \mu_k, \Sigma_k)$ (eq. `gmm-log-joint`).

    With $\Sigma_k = L_k L_k^\top$ the quadratic form is $\lVert L_k^{-1}(x_n - \mu_k)
    \rVert^2$ (eq. `gmm-whitening`), and the determinant that of $L_k$, squared.
    """
    K, D = params.means.shape
    origin = params.means.mean(axis=0)
    z = homogeneous(x, origin).T
    if params.covariances.ndim == 2:
        spread = np.sqrt(params.covariances)
        scaled = (params.means - origin) / spread
        linear = np.column_stack([-2 * scaled / spread, (scaled * scaled).sum(axis=1)])
        squared = linear @ z + spread**-2 @ (z[:-1] * z[:-1])
    else:
        factors = np.linalg.cholesky(params.covariances)
        spread = np.diagonal(factors, axis1=1, axis2=2)
        whiten = np.linalg.inv(factors)
        shift = -np.einsum("kij,kj->ki", whiten, params.means - origin)
        white = np.dstack([whiten, shift]).reshape(K * D, D + 1) @ z
        squared = np.square(white, out=white).reshape(K, D, len(x)).sum(axis=1)
    with np.errstate(divide="ignore"):  # log 0: a component without observations
        log_weights = np.log(params.weights)
    log_scale = np.log(np.sqrt(2 * np.pi) * spread).sum(axis=1)
    return (log_weights - log_scale) - 0.5 * squared.T


def e_step(
    params: GaussianMixture, x: Float[ndarray, "N D"]
) -> tuple[Float[ndarray, "N K"], float]:
    r"""Responsibilities (eq. `gmm-responsibilities`), mean log-likelihood in nats."""
    return posterior(partial(log_joint, params), x, len(params.weights))


def m_step(
    params: GaussianMixture,
    x: Float[ndarray, "N D"],
    responsibilities: Float[ndarray, "N K"],
    *,
    floor: Float[ndarray, " D"] | None = None,
) -> GaussianMixture:
    r"""Weighted counts, means and covariances.

    Equations `gmm-m-step-weights`, `gmm-m-step-means`, `gmm-m-step-covariances` and
    `gmm-m-step-variances`. A component without observations keeps its shape.

    Args:
        params: the old parameters.
        x: (N, D) observations.
        responsibilities: (N, K).
        floor: (D,) variances below which no direction may fall (eq. `gmm-floor`).
    """
    D, diagonal = x.shape[1], params.covariances.ndim == 2
    i, j = np.diag_indices(D) if diagonal else np.triu_indices(D)
    origin = params.means.mean(axis=0)
    counts, means, products = moments(x, responsibilities, (i, j), origin=origin)
    covariances = params.covariances.copy()
    for k in np.flatnonzero(counts):
        covariance = products[k] if diagonal else np.empty((D, D))
        if not diagonal:
            covariance[i, j] = covariance[j, i] = products[k]
        covariances[k] = floored(covariance, floor)
    means = np.where(counts[:, None] > 0, means, params.means)
    return GaussianMixture(counts / len(x), means, covariances)


def moments(
    x: Float[ndarray, "N D"],
    responsibilities: Float[ndarray, "N K"],
    pairs: tuple[Int[ndarray, " P"], Int[ndarray, " P"]],
    *,
    origin: Float[ndarray, " D"],
) -> tuple[Float[ndarray, " K"], Float[ndarray, "K D"], Float[ndarray, "K P"]]:
    r"""Weighted counts, means, and covariances of the given `pairs` of features.

    One product sums $1$, $z_n = x_n - o$ and the products of its features. A covariance
    is a mean product less the product of means (eq. `gmm-parallel-axis`), about any
    origin $o$; for a component so far from $o$ that digits cancel, the sums are taken
    again about its own mean.
    """
    D, (i, j) = x.shape[1], pairs
    sums = np.zeros((responsibilities.shape[1], D + 1 + len(i)))
    for rows in blocks(len(x), sums.shape[1]):
        z = homogeneous(x[rows], origin).T
        sums += responsibilities[rows].T @ np.concatenate([z, z[i] * z[j]]).T
    counts = sums[:, D]
    averages = sums / np.where(counts > 0, counts, 1)[:, None]
    shift, products = averages[:, :D], averages[:, D + 1 :]
    means, covariances = origin + shift, products - shift[:, i] * shift[:, j]
    lost = (covariances[:, i == j] < 1e-8 * shift**2) & (means != origin)
    for k in np.flatnonzero(lost.any(axis=1)):
        alone = moments(x, responsibilities[:, [k]], pairs, origin=means[k])
        means[k], covariances[k] = alone[1][0], alone[2][0]
    return counts, means, covariances


def floored(
    covariance: Float[ndarray, " D *D"], floor: Float[ndarray, " D"] | None
) -> Float[ndarray, " D *D"]:
    r"""The likeliest covariance with no variance below the floor (eq. `gmm-floor`).

    In units in which the floor is one, eigenvalues below one become one.
    """
    if floor is None:
        return covariance
    if covariance.ndim == 1:
        return np.maximum(covariance, floor)
    unit = np.sqrt(np.outer(floor, floor))
    values, vectors = np.linalg.eigh(covariance / unit)
    if values[0] >= 1:
        return covariance
    return unit * ((vectors * np.maximum(values, 1)) @ vectors.T)


def variance_floor(x: Float[ndarray, "N D"]) -> Float[ndarray, " D"]:
    """A millionth of each feature's variance, or its rounding error if larger."""
    largest = np.abs(x).max(axis=0)
    largest = np.where(largest > 0, largest, largest.max() or 1.0)
    rounding = 1e3 * np.spacing(largest)
    return np.maximum(1e-6 * x.var(axis=0), rounding**2)


def init(
    x: Float[ndarray, "N D"],
    n_components: int,
    *,
    rng: np.random.Generator,
    diagonal: bool = False,
) -> GaussianMixture:
    """K-means centres, equal weights, and the covariance of all the data."""
    means = kmeans.fit(x, n_components, rng=rng).params.centers
    d = x - x.mean(axis=0)
    covariance = (d * d).mean(axis=0) if diagonal else d.T @ d / len(x)
    shapes = np.stack([floored(covariance, variance_floor(x))] * n_components)
    return GaussianMixture(np.full(n_components, 1 / n_components), means, shapes)


def fit(
    x: ArrayLike,
    n_components: int,
    *,
    rng: np.random.Generator,
    diagonal: bool = False,
    restarts: int = 1,
    max_iter: int = 500,
    tol: float = 1e-6,
) -> Fit[GaussianMixture]:
    """The likeliest of `restarts` runs of EM from K-means starts.

    Args:
        x: (N, D) observations, in any unit.
        n_components: K, from 1 to N.
        rng: where the starts are drawn from.
        diagonal: covariances without correlations.
        restarts: runs to choose from.
        max_iter: the number of M-steps at most, a run.
        tol: stop when the mean log-likelihood rises by no more (nats per observation).

    Raises:
        ValueError: a bad argument (`latent.checks.fit_input`).
    """
    x = checks.fit_input(
        x, "n_components", n_components, restarts=restarts, max_iter=max_iter, tol=tol
    )
    step = partial(m_step, floor=variance_floor(x))
    starts = [
        init(x, n_components, rng=rng, diagonal=diagonal) for _ in range(restarts)
    ]
    runs = [em(e_step, step, s, x, max_iter=max_iter, tol=tol) for s in starts]
    return max(runs, key=lambda run: run.history[-1])


def log_prob(params: GaussianMixture, x: ArrayLike) -> Float[ndarray, " N"]:
    r"""$\log p(x_n)$ (eq. `gmm-density`), in nats.

    Raises:
        ValueError: bad data, or another number of features than the model has.
    """
    x = _matching(params, x)
    return np.logaddexp.reduce(log_joint(params, x), axis=1)


def predict(params: GaussianMixture, x: ArrayLike) -> Int[ndarray, " N"]:
    """The likeliest component of each observation (eq. `gmm-map`).

    Raises:
        ValueError: bad data, or another number of features than the model has.
    """
    return log_joint(params, _matching(params, x)).argmax(axis=1)


def sample(
    params: GaussianMixture, n: int, *, rng: np.random.Generator
) -> tuple[Float[ndarray, "n D"], Int[ndarray, " n"]]:
    """Draw components from the weights, then points from those components.

    Returns:
        The points, (n, D), and each one's component, (n,).

    Raises:
        ValueError: n below one.
    """
    checks.count("n", n)
    z = rng.choice(len(params.weights), size=n, p=params.weights)
    noise = rng.standard_normal((n, params.means.shape[1]))
    if params.covariances.ndim == 2:
        return params.means[z] + np.sqrt(params.covariances[z]) * noise, z
    factors = np.linalg.cholesky(params.covariances)  # Sigma = L L^T
    return params.means[z] + np.einsum("nij,nj->ni", factors[z], noise), z


def _matching(params: GaussianMixture, x: ArrayLike) -> Float[ndarray, "N D"]:
    x = checks.observations(x)
    checks.features(x, params.means.shape[1])
    return x
