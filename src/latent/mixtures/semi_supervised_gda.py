"""Gaussian discriminant analysis in which some labels are missing, fitted by EM.

The model is a mixture with one Gaussian a class, so its parameters are those of
`latent.mixtures.gaussian_mixture`, whose `predict` and `log_prob` apply.
"""

import dataclasses
from functools import partial

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray
from numpy.typing import ArrayLike

from latent import checks
from latent.em import Fit, em, posterior
from latent.mixtures import gaussian_mixture as gmm

UNKNOWN = -1  # the label of an observation whose class is not known


def log_joint(
    params: gmm.GaussianMixture, x: Float[ndarray, "N D"], label: int
) -> Float[ndarray, "N C"]:
    r"""$\log \phi_k + \log \mathcal N(x_n \mid \mu_k, \Sigma_k)$ of equal labels.

    A known label forbids the other classes: their joints are zero, and the rest is the
    factor of the label in (eq. `ssgda-product`).
    """
    joint = gmm.log_joint(params, x)
    if label != UNKNOWN:
        joint[:, np.arange(joint.shape[1]) != label] = -np.inf
    return joint


def e_step(
    params: gmm.GaussianMixture,
    x: Float[ndarray, "N D"],
    labels: Int[ndarray, " N"],
    weight: float,
) -> tuple[Float[ndarray, "N C"], float]:
    r"""Class probabilities, and the objective in nats per observation.

    Those of unlabelled rows are Bayes' rule (eq. `ssgda-responsibilities`), those of
    labelled rows 0 and 1. The objective is $\mathcal J / (l + u)$
    (eq. `ssgda-objective-mixture`).
    """
    n_classes = len(params.weights)
    responsibilities = np.empty((len(x), n_classes), order="F")
    total = 0.0
    for label in np.unique(labels).tolist():
        rows = labels == label
        one_label = partial(log_joint, params, label=label)
        responsibilities[rows], mean = posterior(one_label, x[rows], n_classes)
        total += rows.sum() * mean * (weight if label == UNKNOWN else 1)
    return responsibilities, float(total / len(x))


def m_step(
    params: gmm.GaussianMixture,
    x: Float[ndarray, "N D"],
    responsibilities: Float[ndarray, "N C"],
    labels: Int[ndarray, " N"],
    weight: float,
    *,
    floor: Float[ndarray, " D"] | None = None,
) -> gmm.GaussianMixture:
    r"""That of the mixture, in which an unlabelled row counts $\lambda$ times.

    Equations `ssgda-m-step-weights`, `ssgda-m-step-means` and
    `ssgda-m-step-covariances`. A class whose pseudo-count is zero keeps its shape.

    Args:
        params: the old parameters.
        x: (N, D) observations.
        responsibilities: (N, C), of `e_step`.
        labels: (N,), 0 to C - 1 or `UNKNOWN`.
        weight: $\lambda$, not negative.
        floor: (D,) variances below which no direction may fall (eq. `gmm-floor`).
    """
    counted = responsibilities * np.where(labels == UNKNOWN, weight, 1.0)[:, None]
    new = gmm.m_step(params, x, counted, floor=floor)
    return dataclasses.replace(new, weights=counted.sum(axis=0) / counted.sum())


def init(
    x: Float[ndarray, "N D"],
    labels: Int[ndarray, " N"],
    n_classes: int,
    *,
    rng: np.random.Generator,
    diagonal: bool = False,
) -> gmm.GaussianMixture:
    """Means and shares of the labelled rows, and the covariance of all the data.

    Without any label, the start of `gaussian_mixture.init`.
    """
    if (labels == UNKNOWN).all():
        return gmm.init(x, n_classes, rng=rng, diagonal=diagonal)
    shapes = gmm.init(x, 1, rng=rng, diagonal=diagonal).covariances
    classes = labels[:, None] == np.arange(n_classes)
    counts = classes.sum(axis=0)
    means = classes.T.astype(float) @ x / counts[:, None]
    return gmm.GaussianMixture(
        counts / counts.sum(), means, np.repeat(shapes, n_classes, axis=0)
    )


def fit(
    x: ArrayLike,
    labels: ArrayLike,
    n_classes: int,
    *,
    rng: np.random.Generator,
    weight: float = 1.0,
    diagonal: bool = False,
    max_iter: int = 500,
    tol: float = 1e-6,
) -> Fit[gmm.GaussianMixture]:
    r"""EM for the hybrid objective (eq. `ssgda-objective`), from the labelled means.

    Args:
        x: (N, D) observations, in any unit.
        labels: (N,) whole numbers, 0 to C - 1, or -1 where the class is not known.
            Without any known label the classes are clusters, in no order.
        n_classes: C, from 1 to N.
        rng: where the start is drawn from if there are no labels.
        weight: $\lambda$, how much an unlabelled row counts; 0 leaves them out.
        diagonal: covariances without correlations.
        max_iter: the number of M-steps at most.
        tol: stop when the objective rises by no more (nats per observation).

    Raises:
        ValueError: bad data or settings; labels of another length or kind; a class
            without a label where others have some; a negative weight; nothing to fit.
    """
    x = checks.fit_input(
        x, "n_classes", n_classes, restarts=1, max_iter=max_iter, tol=tol
    )
    labels = checks.labels(labels, len(x), n_classes, unknown=UNKNOWN)
    if not 0 <= weight < np.inf:
        raise ValueError(
            f"weight must be a finite number, 0 or more; got {weight!r}: with a "
            "negative one EM has no lower bound to raise"
        )
    found = np.unique(labels[labels != UNKNOWN])
    if weight == 0 and len(found) == 0:
        raise ValueError("no row has a label and weight is 0: nothing is left to fit")
    if 0 < len(found) < n_classes:
        missing = np.setdiff1d(np.arange(n_classes), found).tolist()
        raise ValueError(
            f"the classes {missing} of {n_classes} have no label; give each at least "
            "one, or none to any class to find clusters, or lower n_classes"
        )
    start = init(x, labels, n_classes, rng=rng, diagonal=diagonal)
    known = {"labels": labels, "weight": weight}
    return em(
        partial(e_step, **known),
        partial(m_step, floor=gmm.variance_floor(x), **known),
        start,
        x,
        max_iter=max_iter,
        tol=tol,
    )
