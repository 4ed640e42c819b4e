"""PCA against scikit-learn."""

from collections.abc import Iterator

import numpy as np
from sklearn.decomposition import PCA

from benchmarks.compare import Comparison
from latent import data
from latent.linear import pca


def comparisons() -> Iterator[Comparison]:
    """The rows of this part of the table."""
    faces = data.orl_faces().images.reshape(400, -1) / 255.0
    yield pca_row(
        "PCA, 400 faces, K = 40, against its full SVD", faces, 40, "full", goal=5.0
    )
    digits = data.mnist().train_images.reshape(60_000, -1) / 255.0
    title = "PCA, 60,000 digits, K = 20, covariance_eigh"
    yield pca_row(title, digits, 20, "covariance_eigh", goal=0.95)


def pca_row(
    work: str, x: np.ndarray, k: int, solver: str, *, goal: float
) -> Comparison:
    """The first k components; the peer's signs and its division by N - 1 aligned."""
    columns = np.asfortranarray(x)
    peer = PCA(k, svd_solver=solver)

    def theirs() -> list[np.ndarray]:
        peer.fit(x)
        variances = peer.explained_variance_ * (len(x) - 1) / len(x)
        return [peer.mean_, pca.signed(peer.components_), variances]

    def ours() -> list[np.ndarray]:
        params = pca.fit(columns, k)
        return [params.mean, params.components, params.variances]

    return Comparison(
        work=work,
        peer="scikit-learn",
        theirs=theirs,
        ours=ours,
        goal=goal,
    )
