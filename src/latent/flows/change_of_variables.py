"""Densities of transformed variables (chapter flows/change_of_variables)."""

import warnings
from collections.abc import Callable

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy import stats

SLOPE = 0.1
"""Of the leaky rectifier, below zero."""


def transformed_log_prob(
    y: Float[ndarray, "*N"],
    log_prob: Callable[[Float[ndarray, "*N"]], Float[ndarray, "*N"]],
    inverse: Callable[[Float[ndarray, "*N"]], Float[ndarray, "*N"]],
    slope: Callable[[Float[ndarray, "*N"]], Float[ndarray, "*N"]],
) -> Float[ndarray, "*N"]:
    r"""$\log p_Y(y) = \log p(h(y)) + \log |h'(y)|$ (eq. `cov-line-log`), in nats.

    Args:
        y: values of the new variable, which is a monotone function of the old one.
        log_prob: log density of the old variable.
        inverse: $h$, which gives the old value of each new one.
        slope: $h'$, of either sign but nowhere zero.
    """
    return log_prob(inverse(y)) + np.log(np.abs(slope(y)))


def lognormal_log_prob(
    y: Float[ndarray, "*N"], mu: float, sigma: float
) -> Float[ndarray, "*N"]:
    r"""Log density of $e^X$, $X \sim \mathcal N(\mu, \sigma^2)$ (eq. `cov-lognormal`).

    Args:
        y: values; minus infinity is returned where they are not positive.
        mu: mean of the logarithm.
        sigma: standard deviation of the logarithm, positive.

    Raises:
        ValueError: `sigma` is not positive.
    """
    if not sigma > 0:
        raise ValueError(f"sigma must be positive, a standard deviation; got {sigma}")
    positive = y > 0
    inside = np.where(positive, y, 1.0)

    def normal(x: Float[ndarray, "*N"]) -> Float[ndarray, "*N"]:
        return stats.norm.logpdf(x, mu, sigma)

    log_p = transformed_log_prob(inside, normal, np.log, np.reciprocal)
    return np.where(positive, log_p, -np.inf)


def square_distance_pdf(z: Float[ndarray, "*N"]) -> Float[ndarray, "*N"]:
    r"""Density of the distance of a uniform point of $[0, 2]^2$ from $(1, 1)$.

    Both pieces of (eq. `cov-square-density`): the full circle up to 1, the four arcs
    that are left up to $\sqrt 2$, and zero elsewhere.
    """
    cut = 2 * np.arccos(1 / np.clip(z, 1, None))
    inside = (z >= 0) & (z <= np.sqrt(2))
    return np.where(inside, z * (np.pi / 2 - cut), 0.0)


def square_distance_cdf(z: Float[ndarray, "*N"]) -> Float[ndarray, "*N"]:
    """Probability of a distance up to z, for the same point (eq. `cov-square-cap`)."""
    z = np.clip(z, 0, np.sqrt(2))
    outside = np.clip(z, 1, None)
    corners = np.sqrt(outside**2 - 1) - z**2 * np.arccos(1 / outside)
    return np.pi / 4 * z**2 + corners


def leaky_relu(z: Float[ndarray, "*N"], slope: float = SLOPE) -> Float[ndarray, "*N"]:
    """The identity from zero on, a gentler line below (eq. `cov-leaky`).

    Raises:
        ValueError: a slope that is not positive has no inverse.
    """
    return np.where(z < 0, _positive(slope) * z, z)


def leaky_relu_inverse(
    x: Float[ndarray, "*N"], slope: float = SLOPE
) -> Float[ndarray, "*N"]:
    """What the leaky rectifier was given (eq. `cov-leaky-inverse`).

    Raises:
        ValueError: a slope that is not positive has no inverse.
    """
    return np.where(x < 0, x / _positive(slope), x)


def leaky_relu_log_det(
    z: Float[ndarray, "*B D"], slope: float = SLOPE
) -> Float[ndarray, "*B"]:
    r"""$\log |\det \partial f / \partial z|$ of each row (eq. `cov-leaky-log-det`).

    At exactly zero the rectifier has no derivative. No density puts probability there,
    but data do (black pixels, say); the slope to the right is taken, with a warning.

    Args:
        z: rows of D numbers, which go through the rectifier one by one.
        slope: below zero.

    Raises:
        ValueError: a slope that is not positive.
    """
    if (z == 0).any():
        warnings.warn(
            f"{np.count_nonzero(z == 0)} of {z.size} entries of z are exactly 0, where "
            "the leaky rectifier has no derivative; took the slope to the right, 1",
            RuntimeWarning,
            stacklevel=2,
        )
    return np.log(_positive(slope)) * (z < 0).sum(axis=-1)


def _positive(slope: float) -> float:
    if not slope > 0:
        raise ValueError(
            f"slope must be positive, or nothing can be undone; got {slope}"
        )
    return slope
