"""How many components: what parameters cost, and what data left out say."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray
from numpy.typing import ArrayLike
from scipy.optimize import linear_sum_assignment

from latent import checks
from latent.em import Fit
from latent.mixtures.gaussian_mixture import GaussianMixture, log_prob


def n_parameters(params: GaussianMixture) -> int:
    """Free numbers (eq. `gmm-parameters-full`, or eq. `gmm-parameters-diagonal`)."""
    K, D = params.means.shape
    of_shape = D if params.covariances.ndim == 2 else D * (D + 1) // 2
    return K - 1 + K * D + K * of_shape


def log_likelihood(fit: Fit[GaussianMixture]) -> float:
    r"""$\hat\ell$, in nats (eq. `gmm-log-likelihood`); the history has its mean."""
    return len(fit.responsibilities) * float(fit.history[-1])


def aic(fit: Fit[GaussianMixture]) -> float:
    """Akaike's criterion, the smaller the better (eq. `selection-aic`)."""
    return -2 * log_likelihood(fit) + 2 * n_parameters(fit.params)


def bic(fit: Fit[GaussianMixture]) -> float:
    """Schwarz's criterion, the smaller the better (eq. `selection-bic`)."""
    log_n = float(np.log(len(fit.responsibilities)))
    return -2 * log_likelihood(fit) + n_parameters(fit.params) * log_n


def folds(n: int, n_folds: int, *, rng: np.random.Generator) -> Int[ndarray, " n"]:
    """A fold for each of `n` observations, from 0: at random, as equal as can be.

    Raises:
        ValueError: fewer than two folds, or more than observations.
    """
    checks.count("n", n)
    checks.count("n_folds", n_folds, at_most=n, of="observations")
    if n_folds < 2:
        raise ValueError("n_folds is 1, which leaves nothing to fit to; take 2 or more")
    return rng.permutation(np.arange(n) % n_folds)


def held_out(
    x: ArrayLike,
    fold: Int[ndarray, " N"],
    fit: Callable[[Float[ndarray, "M D"]], GaussianMixture],
) -> Float[ndarray, " N"]:
    r"""Log-density of each observation by a fit without its fold, in nats.

    Their sum is (eq. `selection-held-out`). Comparisons want the same folds for all.

    Args:
        x: (N, D) observations.
        fold: (N,), from `folds`.
        fit: finds parameters for the observations of all other folds.

    Raises:
        ValueError: bad data, not one fold an observation, or all in the same.
    """
    x = checks.observations(x)
    if fold.shape != (len(x),):
        raise ValueError(f"fold has shape {fold.shape}; x wants ({len(x)},)")
    if np.ptp(fold) == 0:
        raise ValueError("all observations are in one fold; use `folds` with 2 or more")
    densities = np.empty(len(x))
    for v in np.unique(fold):
        left_out = fold == v
        densities[left_out] = log_prob(fit(x[~left_out]), x[left_out])
    return densities


def matching(
    means: Float[ndarray, "K D"], others: Float[ndarray, "J E"]
) -> Int[ndarray, " K"]:
    """Which of `others` each mean is paired with (eq. `selection-matching`).

    Raises:
        ValueError: not as many of the one as of the other, in as many features.
    """
    if means.shape != others.shape:
        raise ValueError(
            "a matching is one to one and wants two arrays of one shape; got "
            f"{means.shape} and {others.shape}"
        )
    squared = ((means[:, None] - others[None]) ** 2).sum(axis=2)
    return linear_sum_assignment(squared)[1]


def reordered(params: GaussianMixture, order: Int[ndarray, " K"]) -> GaussianMixture:
    """The same mixture, its components in another order."""
    return GaussianMixture(
        params.weights[order], params.means[order], params.covariances[order]
    )
