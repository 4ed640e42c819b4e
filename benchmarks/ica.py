"""Independent components of the five recordings against picard and scikit-learn."""

from collections.abc import Iterator

import numpy as np
from picard import picard
from picard.densities import Tanh
from sklearn.decomposition import FastICA

from benchmarks.compare import Comparison
from latent import data
from latent.linear import ica

TOLERANCE = 1e-7


def comparisons() -> Iterator[Comparison]:
    """The rows of this part of the table."""
    recordings = data.audio_sources()
    x = recordings.sources.astype(float) @ recordings.mixing.T
    yield picard_row(x, recordings.mixing)
    yield fast_ica_row(x, recordings.mixing)


def picard_row(x: np.ndarray, mixing: np.ndarray) -> Comparison:
    """The same objective to the same gradient; the unmixing matrices are compared."""
    columns = np.ascontiguousarray(x.T)
    settings = {
        "fun": Tanh(params={"alpha": 0.5}),  # the score of the logistic density
        "ortho": False,
        "extended": False,
        "tol": TOLERANCE,
        "max_iter": 200,
        "w_init": np.eye(len(columns)),
    }

    def theirs() -> list[np.ndarray]:
        whitening, unmixing, _ = picard(columns, **settings)
        return [sorted_rows(unmixing @ whitening, mixing)]

    return Comparison(
        work=f"ICA, 5 sounds, gradient {TOLERANCE:.0e}",
        peer="picard",
        theirs=theirs,
        ours=lambda: [sorted_rows(ica.fit(x, tol=TOLERANCE).params.unmixing, mixing)],
        goal=2.0,
    )


def fast_ica_row(x: np.ndarray, mixing: np.ndarray) -> Comparison:
    """Its objective is cheaper, a likelihood is not needed; both must reach 30 dB."""
    peer = FastICA(
        whiten="unit-variance", tol=TOLERANCE, max_iter=500, w_init=np.eye(x.shape[1])
    )

    def separated(unmixing: np.ndarray) -> list[np.ndarray]:
        gains = sorted_rows(unmixing, mixing) @ mixing
        heard = ica.signal_to_interference(gains) > 30
        return [heard.astype(float), np.abs(gains).argmax(axis=1)]

    return Comparison(
        work=f"ICA, 5 sounds, tolerance {TOLERANCE:.0e}",
        peer="FastICA",
        theirs=lambda: separated(peer.fit(x).components_),
        ours=lambda: separated(ica.fit(x, tol=TOLERANCE).params.unmixing),
        goal=0.5,
    )


def sorted_rows(unmixing: np.ndarray, mixing: np.ndarray) -> np.ndarray:
    """The rows in the order of the true sources, and with their signs."""
    gains = unmixing @ mixing
    rows = np.abs(gains).argmax(axis=0)
    signs = np.sign(gains[rows, np.arange(len(rows))])
    return signs[:, None] * unmixing[rows]
