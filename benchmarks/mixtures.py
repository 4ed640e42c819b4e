"""K-means and Gaussian mixtures against scikit-learn."""

from collections.abc import Iterator

import numpy as np
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture

from benchmarks.compare import Comparison
from latent import data
from latent.em import em
from latent.mixtures import gaussian_mixture as gmm
from latent.mixtures import kmeans

STEPS = 50


def comparisons() -> Iterator[Comparison]:
    """The rows of this part of the table."""
    small = data.mandrill_small().reshape(-1, 3) / 255.0
    large = data.mandrill_large().reshape(-1, 3) / 255.0
    yield kmeans_row(255 * large)
    yield mixture_row("128 x 128", small)
    yield mixture_row("512 x 512", large)


def kmeans_row(x: np.ndarray) -> Comparison:
    """Lloyd's algorithm from 16 distinct colours."""
    colours = np.unique(x, axis=0)
    start = colours[np.random.default_rng(0).choice(len(colours), 16, replace=False)]
    columns = np.asfortranarray(x)
    peer = KMeans(16, init=start, n_init=1, max_iter=STEPS, tol=0, algorithm="lloyd")

    def ours() -> list[np.ndarray]:
        params = kmeans.KMeans(start)
        run = em(
            kmeans.e_step, kmeans.m_step, params, columns, max_iter=STEPS, tol=-1.0
        )
        return [run.params.centers]

    return Comparison(
        work=f"K-means, mandrill 512 x 512, K = 16, {STEPS} steps",
        peer="scikit-learn",
        theirs=lambda: [peer.fit(x).cluster_centers_],
        ours=ours,
        goal=0.6,
    )


def mixture_row(size: str, x: np.ndarray) -> Comparison:
    """EM for five full Gaussians from five pixels."""
    rng = np.random.default_rng(0)
    start = gmm.GaussianMixture(
        weights=np.full(5, 0.2),
        means=x[rng.choice(len(x), 5, replace=False)],
        covariances=np.stack([np.cov(x.T)] * 5),
    )
    columns = np.asfortranarray(x)
    peer = GaussianMixture(
        5,
        weights_init=start.weights,
        means_init=start.means,
        precisions_init=np.linalg.inv(start.covariances),
        init_params="random",
        tol=0,
        reg_covar=0,
        max_iter=STEPS,
    )

    def theirs() -> list[np.ndarray]:
        peer.fit(x)
        return [peer.weights_, peer.means_, peer.covariances_]

    def ours() -> list[np.ndarray]:
        run = em(gmm.e_step, gmm.m_step, start, columns, max_iter=STEPS, tol=-1.0)
        return list(vars(run.params).values())

    return Comparison(
        work=f"GMM full, mandrill {size}, K = 5, {STEPS} steps",
        peer="scikit-learn",
        theirs=theirs,
        ours=ours,
        goal=6.0,
        rounds=5,
    )
