"""K-means: EM with hard assignments and equal, vanishing spheres."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from numpy import ndarray
from numpy.typing import ArrayLike

from latent import checks
from latent.em import Fit, blocks, em, homogeneous


@dataclass(frozen=True, eq=False)
class KMeans:
    r"""The centres $\mu_k$, one a row."""

    centers: Float[ndarray, "K D"]


def e_step(
    params: KMeans, x: Float[ndarray, "N D"]
) -> tuple[Bool[ndarray, "N K"], float]:
    r"""Give each point to its nearest centre (eq. `kmeans-assignment`).

    Distances come from (eq. `kmeans-distance`): about the first centre $o$, with
    $c_k = \mu_k - o$, the difference
    $\lVert x_n - \mu_k \rVert^2 - \lVert x_n - o \rVert^2$ is affine in $x_n - o$.
    Of equally near centres the first is taken.

    Returns:
        One-hot assignments $r_{nk}$ and minus the mean squared distance (eq.
        `kmeans-distortion`, divided by $-N$), in squared data units.
    """
    origin = params.centers[0]
    c = params.centers - origin
    affine = np.column_stack([-2 * c, (c * c).sum(axis=1)])
    nearest = np.empty((len(x), len(c)), dtype=bool, order="F")
    total = 0.0
    for rows in blocks(len(x), 4 * len(c)):
        z = homogeneous(x[rows], origin).T
        difference = (affine @ z).T
        smallest = difference.min(axis=1)
        np.equal(difference, smallest[:, None], out=nearest[rows])
        total += float(smallest.sum() + np.vdot(z[:-1], z[:-1]))
    if np.count_nonzero(nearest) > len(x):
        tied = np.flatnonzero(nearest.sum(axis=1) > 1)
        nearest[tied] = np.arange(len(c)) == nearest[tied].argmax(axis=1)[:, None]
    return nearest, -max(total, 0.0) / len(x)


def m_step(
    params: KMeans, x: Float[ndarray, "N D"], nearest: Bool[ndarray, "N K"]
) -> KMeans:
    """The mean of each centre's points (eq. `kmeans-centroid`); one with none stays."""
    origin = params.centers.mean(axis=0)
    totals = np.zeros((nearest.shape[1], x.shape[1] + 1))
    for rows in blocks(len(x), 4 * len(totals)):
        totals += nearest[rows].T.astype(float) @ homogeneous(x[rows], origin)
    sums, counts = totals[:, :-1], totals[:, -1:]
    means = origin + sums / np.maximum(counts, 1)
    return KMeans(np.where(counts > 0, means, params.centers))


def init(
    x: Float[ndarray, "N D"], n_clusters: int, *, rng: np.random.Generator
) -> KMeans:
    """k-means++: each next centre with probability (eq. `kmeans-plus-plus`)."""
    centers = [x[rng.integers(len(x))]]
    squared = np.full(len(x), np.inf)
    while len(centers) < n_clusters:
        squared = np.minimum(squared, ((x - centers[-1]) ** 2).sum(axis=1))
        total = squared.sum()
        centers.append(x[rng.choice(len(x), p=squared / total if total > 0 else None)])
    return KMeans(np.stack(centers))


def fit(
    x: ArrayLike,
    n_clusters: int,
    *,
    rng: np.random.Generator,
    restarts: int = 1,
    max_iter: int = 500,
    tol: float = 0.0,
) -> Fit[KMeans]:
    """The best of `restarts` runs from k-means++ starts.

    Args:
        x: (N, D) points, in any unit.
        n_clusters: K, from 1 to N.
        rng: where the starts are drawn from.
        restarts: runs to choose from.
        max_iter: the number of updates at most, a run.
        tol: stop when the mean squared distance falls by no more (squared data units).

    Raises:
        ValueError: a bad argument (`latent.checks.fit_input`).
    """
    x = checks.fit_input(
        x, "n_clusters", n_clusters, restarts=restarts, max_iter=max_iter, tol=tol
    )
    starts = [init(x, n_clusters, rng=rng) for _ in range(restarts)]
    runs = [em(e_step, m_step, s, x, max_iter=max_iter, tol=tol) for s in starts]
    return max(runs, key=lambda run: run.history[-1])


def predict(params: KMeans, x: ArrayLike) -> Int[ndarray, " N"]:
    """The index of each point's nearest centre (eq. `kmeans-assignment`).

    Raises:
        ValueError: bad data, or another number of features than the centres have.
    """
    x = checks.observations(x)
    checks.features(x, params.centers.shape[1])
    return e_step(params, x)[0].argmax(axis=1)
