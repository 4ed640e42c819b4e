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
    \rVert^2$ (eq. `gmm-whitening`), and the determinant that of $L_k$, squared. With
    variances it is multiplied out about the middle of the means; for a component so far
    from there that digits cancel, about its own mean.
    """
    K, D = params.means.shape
    origin = params.means.mean(axis=0)
    centers = params.means - origin
    with np.errstate(divide="ignore"):  # log 0: a component without observations
        constant = np.log(params.weights) - D / 2 * np.log(2 * np.pi)
    if params.covariances.ndim == 2:
        precisions = 1 / params.covariances
        slopes = precisions * centers
        squared = slopes * centers
        spread = np.log(params.covariances) + squared
        terms = [slopes, constant - 0.5 * spread.sum(axis=1), -0.5 * precisions]
        joint = (np.column_stack(terms) @ with_squares(x, origin).T).T
        for k in np.flatnonzero((squared > 1e8).any(axis=1)):
            parts = (params.weights, params.means, params.covariances)
            joint[:, [k]] = log_joint(GaussianMixture(*(p[[k]] for p in parts)), x)
        return joint
    factors = np.linalg.cholesky(params.covariances)
    constant -= np.log(np.diagonal(factors, axis1=1, axis2=2)).sum(axis=1)
    whiten = np.linalg.inv(factors)
    shift = -np.einsum("kij,kj->ki", whiten, centers)
    affine = np.dstack([whiten, shift]).reshape(K * D, D + 1)
    white = affine @ homogeneous(x, origin).T
    squared = np.square(white, out=white).reshape(K, D, len(x)).sum(axis=1)
    return constant - 0.5 * squared.T


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
    origin, diagonal = params.means.mean(axis=0), params.covariances.ndim == 2
    least = np.zeros(x.shape[1]) if floor is None else floor
    counts, means, found = moments(
        x, responsibilities, diagonal=diagonal, origin=origin, least=least
    )
    covariances = params.covariances.copy()
    for k in np.flatnonzero(counts):
        covariances[k] = floored(found[k], floor)
    means = np.where(counts[:, None] > 0, means, params.means)
    return GaussianMixture(counts / len(x), means, covariances)


def moments(
    x: Float[ndarray, "N D"],
    responsibilities: Float[ndarray, "N K"],
    *,
    diagonal: bool,
    origin: Float[ndarray, " D"],
    least: Float[ndarray, " D"],
) -> tuple[Float[ndarray, " K"], Float[ndarray, "K D"], Float[ndarray, "K D *D"]]:
    r"""Weighted counts, means, and covariances or their diagonals.

    A covariance is a mean product less the product of means (eq. `gmm-parallel-axis`),
    about any origin $o$; for a component so far from $o$ that digits cancel in
    variances of the size of `least`, the sums are taken again about its own mean.
    """
    counts, first, second = sums(x, responsibilities, diagonal=diagonal, origin=origin)
    divisor = np.where(counts > 0, counts, 1)
    shift, products = (first.T / divisor).T, (second.T / divisor).T
    means = origin + shift
    if diagonal:
        variances = covariances = products - shift * shift
    else:
        covariances = products - shift[:, :, None] * shift[:, None, :]
        covariances = (covariances + covariances.transpose(0, 2, 1)) / 2  # rounding
        variances = np.diagonal(covariances, axis1=1, axis2=2)
    lost = (np.maximum(variances, least) < 1e-8 * shift**2) & (means != origin)
    for k in np.flatnonzero(lost.any(axis=1)):
        r = responsibilities[:, [k]]
        own = moments(x, r, diagonal=diagonal, origin=means[k], least=least)
        means[k], covariances[k] = own[1][0], own[2][0]
    return counts, means, covariances


def sums(
    x: Float[ndarray, "N D"],
    responsibilities: Float[ndarray, "N K"],
    *,
    diagonal: bool,
    origin: Float[ndarray, " D"],
) -> tuple[Float[ndarray, " K"], Float[ndarray, "K D"], Float[ndarray, "K D *D"]]:
    r"""$\sum_n r_{nk}$, $\sum_n r_{nk} z_n$ and $\sum_n r_{nk} z_n z_n^\top$.

    With $z_n = x_n - o$; of the last, the diagonals only where these are wanted. All
    come out of one product for each block of rows.
    """
    K, D = responsibilities.shape[1], x.shape[1]
    if diagonal:
        total = np.zeros((K, 2 * D + 1))
        for rows in blocks(len(x), 2 * D + 1):
            total += responsibilities[rows].T @ with_squares(x[rows], origin)
        return total[:, D], total[:, :D], total[:, D + 1 :]
    total = np.zeros((K * (D + 1), D + 1))
    for rows in blocks(len(x), len(total)):
        z = homogeneous(x[rows], origin)
        weighted = responsibilities[rows].T[:, None] * z.T
        total += weighted.reshape(len(total), len(z)) @ z
    total = total.reshape(K, D + 1, D + 1)
    return total[:, D, D], total[:, D, :D], total[:, :D, :D]


def with_squares(
    x: Float[ndarray, "B D"], origin: Float[ndarray, " D"]
) -> Float[ndarray, "B 2*D+1"]:
    r"""$(z_n, 1, z_n \odot z_n)$ with $z_n = x_n - o$.

    The log joint of a diagonal mixture is linear in it, and so are the sums of its
    M-step.
    """
    D = x.shape[1]
    extended = np.empty((len(x), 2 * D + 1), order="F")
    z = np.subtract(x, origin, out=extended[:, :D])
    extended[:, D] = 1
    np.square(z, out=extended[:, D + 1 :])
    return extended


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
    floor: Float[ndarray, " D"] | None = None,
) -> GaussianMixture:
    """K-means centres, equal weights, and the covariance of all the data."""
    means = kmeans.fit(x, n_components, rng=rng).params.centers
    d = x - x.mean(axis=0)
    covariance = (d * d).mean(axis=0) if diagonal else d.T @ d / len(x)
    floor = variance_floor(x) if floor is None else floor
    shapes = np.stack([floored(covariance, floor)] * n_components)
    return GaussianMixture(np.full(n_components, 1 / n_components), means, shapes)


def fit(
    x: ArrayLike,
    n_components: int,
    *,
    rng: np.random.Generator,
    diagonal: bool = False,
    floor: Float[ndarray, " D"] | None = None,
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
        floor: (D,) variances below which no direction may fall (eq. `gmm-floor`);
            `variance_floor(x)` if not given.
        restarts: runs to choose from.
        max_iter: the number of M-steps at most, a run.
        tol: stop when the mean log-likelihood rises by no more (nats per observation).

    Raises:
        ValueError: a bad argument (`latent.checks.fit_input`).
    """
    x = checks.fit_input(
        x, "n_components", n_components, restarts=restarts, max_iter=max_iter, tol=tol
    )
    floor = variance_floor(x) if floor is None else floor
    floor = np.asarray(floor)
    if floor.shape != x.shape[1:] or not ((floor > 0) & np.isfinite(floor)).all():
        raise ValueError(
            f"floor must hold {x.shape[1]} finite variances above zero, one a feature; "
            f"got {floor!r}"
        )
    step = partial(m_step, floor=floor)
    starts = [
        init(x, n_components, rng=rng, diagonal=diagonal, floor=floor)
        for _ in range(restarts)
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
