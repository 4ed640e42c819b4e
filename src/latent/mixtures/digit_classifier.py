"""Bayes' classifier with a Gaussian mixture for the density of each class."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray
from numpy.typing import ArrayLike

from latent import checks
from latent.em import posterior
from latent.mixtures import gaussian_mixture as gmm
from latent.mixtures.gaussian_mixture import GaussianMixture


@dataclass(frozen=True, eq=False)
class DigitClassifier:
    r"""Parameters of $p(x, y = c) = \rho_c \, p_c(x)$, the $p_c$ being mixtures.

    Attributes:
        weights: (C,), $\rho_c$, summing to one.
        mixtures: C of them, over the same features.
    """

    weights: Float[ndarray, " C"]
    mixtures: tuple[GaussianMixture, ...]


def log_joint(
    params: DigitClassifier, x: Float[ndarray, "N D"]
) -> Float[ndarray, "N C"]:
    r"""$\log \rho_c + \log p_c(x_n)$ (eq. `digits-log-joint`), in nats."""
    densities = [
        np.logaddexp.reduce(gmm.log_joint(mixture, x), axis=1)
        for mixture in params.mixtures
    ]
    return np.log(params.weights) + np.stack(densities, axis=1)


def class_weights(labels: Int[ndarray, " N"]) -> Float[ndarray, " C"]:
    """The share of each class (eq. `digits-class-weights`)."""
    return np.bincount(labels) / len(labels)


def fit(
    x: ArrayLike,
    labels: ArrayLike,
    n_components: int,
    *,
    rng: np.random.Generator,
    diagonal: bool = False,
    floor: Float[ndarray, " D"] | None = None,
    restarts: int = 1,
    max_iter: int = 500,
    tol: float = 1e-6,
) -> DigitClassifier:
    """Shares of the classes, and a mixture for each, fitted to its observations alone.

    Args:
        x: (N, D) observations, in any unit.
        labels: (N,) whole numbers 0 to C - 1, each of them at least `n_components`
            times.
        n_components: K, of each mixture.
        rng: where the starts are drawn from.
        diagonal: covariances without correlations.
        floor: (D,) variances below which no direction may fall (eq. `gmm-floor`), the
            same for all classes; if not given, each class has its own.
        restarts: runs to choose from, a class.
        max_iter: the number of M-steps at most, a run.
        tol: stop when the mean log-likelihood rises by no more (nats per observation).

    Raises:
        ValueError: bad data or labels, or a setting out of its range.
    """
    x = checks.fit_input(
        x, "n_components", n_components, restarts=restarts, max_iter=max_iter, tol=tol
    )
    classes = _checked(labels, len(x), n_components)
    fits = [
        gmm.fit(
            x[classes == c],
            n_components,
            rng=rng,
            diagonal=diagonal,
            floor=floor,
            restarts=restarts,
            max_iter=max_iter,
            tol=tol,
        )
        for c in range(classes.max() + 1)
    ]
    return DigitClassifier(class_weights(classes), tuple(fit.params for fit in fits))


def predict_proba(params: DigitClassifier, x: ArrayLike) -> Float[ndarray, "N C"]:
    r"""$p(y_n = c \mid x_n)$ (eq. `digits-posterior`), each row summing to one.

    Raises:
        ValueError: bad data, or another number of features than the model has.
    """
    joint = log_joint(params, _matching(params, x))
    return posterior(lambda rows: rows, joint, joint.shape[1])[0]


def predict(params: DigitClassifier, x: ArrayLike) -> Int[ndarray, " N"]:
    """The class with the largest posterior (eq. `digits-decision`), from 0.

    Raises:
        ValueError: bad data, or another number of features than the model has.
    """
    return log_joint(params, _matching(params, x)).argmax(axis=1)


def _matching(params: DigitClassifier, x: ArrayLike) -> Float[ndarray, "N D"]:
    x = checks.observations(x)
    checks.features(x, params.mixtures[0].means.shape[1])
    return x


def _checked(labels: ArrayLike, n: int, least: int) -> Int[ndarray, " N"]:
    labels = np.asarray(labels)
    if labels.shape != (n,):
        raise ValueError(
            f"labels must be {n} numbers, one an observation; got shape {labels.shape}"
        )
    if labels.dtype.kind not in "iu" or labels.min() < 0:
        raise ValueError(
            "labels must be whole numbers, 0 or more; got "
            f"{labels.dtype} from {labels.min()} to {labels.max()}"
        )
    labels = labels.astype(np.int64)
    counts = np.bincount(labels)
    if counts.min() < least:
        c = counts.argmin()
        raise ValueError(
            f"each class from 0 to {len(counts) - 1} needs {least} or more "
            f"observations; class {c} has {counts[c]}"
        )
    return labels
