"""Mixtures against scikit-learn, those of Bernoullis against StepMix."""

from collections.abc import Iterator

import numpy as np
from sklearn.cluster import KMeans
from sklearn.mixture import GaussianMixture
from stepmix import StepMix

from benchmarks.compare import Comparison
from latent import data
from latent.em import em
from latent.linear import pca
from latent.mixtures import bernoulli_mixture as bmm
from latent.mixtures import digit_classifier as digits
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
    yield from digit_rows()
    yield bernoulli_row()


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


def digit_rows() -> Iterator[Comparison]:
    """A mixture for each digit from five of its images, and the scores of the rest."""
    mnist = data.mnist()
    train, test = (
        images.reshape(len(images), -1) / 255
        for images in (mnist.train_images, mnist.test_images)
    )
    axes = pca.fit(train, 20)
    x, y = pca.transform(axes, train), pca.transform(axes, test)
    groups = [np.ascontiguousarray(x[mnist.train_labels == c]) for c in range(10)]
    for name, goal in (("diagonal", 2.5), ("full", 2.0)):
        yield digit_row(name, groups, y, goal)


def digit_row(
    name: str, groups: list[np.ndarray], y: np.ndarray, goal: float
) -> Comparison:
    """Ten runs of EM, and all log joints of digit and image."""
    rng, diagonal = np.random.default_rng(0), name == "diagonal"
    starts, columns = [], [np.asfortranarray(x) for x in groups]
    for x in groups:
        means = x[rng.choice(len(x), 5, replace=False)]
        covariance = x.var(axis=0) if diagonal else np.cov(x.T, bias=True)
        shapes = np.stack([covariance] * 5)
        starts.append(gmm.GaussianMixture(np.full(5, 0.2), means, shapes))
    shares = np.array([len(x) for x in groups]) / sum(len(x) for x in groups)
    invert = np.reciprocal if diagonal else np.linalg.inv
    peers = [
        GaussianMixture(
            5,
            covariance_type="diag" if diagonal else "full",
            weights_init=s.weights,
            means_init=s.means,
            precisions_init=invert(s.covariances),
            init_params="random",
            tol=0,
            reg_covar=0,
            max_iter=STEPS,
        )
        for s in starts
    ]

    def theirs() -> list[np.ndarray]:
        fits = [peer.fit(x) for peer, x in zip(peers, groups, strict=True)]
        return [np.log(shares) + np.transpose([f.score_samples(y) for f in fits])]

    def ours() -> list[np.ndarray]:
        runs = [
            em(gmm.e_step, gmm.m_step, start, x, max_iter=STEPS, tol=-1.0)
            for start, x in zip(starts, columns, strict=True)
        ]
        mixtures = tuple(run.params for run in runs)
        return [digits.log_joint(digits.DigitClassifier(shares, mixtures), y)]

    return Comparison(
        work=f"GMM {name}, ten digits, PCA-20, K = 5, {STEPS} steps",
        peer="scikit-learn",
        theirs=theirs,
        ours=ours,
        goal=goal,
        rounds=5,
    )


def bernoulli_row() -> Comparison:
    """EM for 20 Bernoulli components on all digits, from the peer's random start.

    The peer takes no starting values. It begins with an M-step on random shares, which
    its seed determines, and with equal weights; so the library begins with the same.
    The peer also keeps probabilities 1e-15 away from 0 and 1, which changes what EM
    finds; so the M-step here does too.
    """
    K, steps = 20, 10
    rows = (data.mnist().train_images.reshape(-1, 784) > 127).astype(float)
    columns = np.asfortranarray(rows)
    peer = StepMix(
        K,
        measurement="binary",
        init_params="random",
        n_init=1,
        max_iter=steps,
        abs_tol=0,
        rel_tol=0,
        random_state=0,
        progress_bar=0,
    )

    def theirs() -> list[np.ndarray]:
        peer.fit(rows)
        return [peer.weights_, peer.get_parameters()["measurement"]["pis"]]

    def clipped(params, x, responsibilities) -> bmm.BernoulliMixture:
        new = bmm.m_step(params, x, responsibilities)
        inside = np.clip(new.probabilities, 1e-15, 1 - 1e-15)
        return bmm.BernoulliMixture(new.weights, inside)

    def ours() -> list[np.ndarray]:
        shares = np.random.RandomState(0).uniform(size=(len(rows), K))
        shares /= shares.sum(axis=1, keepdims=True)
        equal = bmm.BernoulliMixture(np.full(K, 1 / K), np.zeros((K, 784)))
        first = clipped(equal, columns, shares)
        start = bmm.BernoulliMixture(equal.weights, first.probabilities)
        run = em(bmm.e_step, clipped, start, columns, max_iter=steps, tol=-1.0)
        return [run.params.weights, run.params.probabilities]

    return Comparison(
        work=f"Bernoulli mixture, MNIST, K = {K}, {steps} steps",
        peer="StepMix",
        theirs=theirs,
        ours=ours,
        goal=1.8,
        rounds=5,
    )
