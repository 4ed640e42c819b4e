"""How much one distribution differs from another: Kullback-Leibler, Jensen-Shannon."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from numpy.typing import ArrayLike
from scipy.linalg import solve_triangular
from scipy.optimize import minimize
from scipy.special import entr, expit, rel_entr, xlogy

from latent import checks

# Equally spaced points of a standard normal variable, for expectations under q. The
# trapezoidal rule converges geometrically for analytic integrands that vanish at both
# ends, as these do: at 12 the density is 2e-32.
_POINTS = np.linspace(-12, 12, 1201)
_MASSES = np.exp(-0.5 * _POINTS**2) / np.sqrt(2 * np.pi) * (_POINTS[1] - _POINTS[0])


def entropy(p: ArrayLike) -> float:
    r"""$\mathbb H[p] = -\sum_x p(x) \log p(x)$ (eq. `div-entropy`), in nats.

    Args:
        p: (K,) probabilities.

    Raises:
        ValueError: not a distribution.
    """
    return float(entr(checks.probabilities("p", p)).sum())


def cross_entropy(p: ArrayLike, q: ArrayLike) -> float:
    r"""$-\sum_x p(x) \log q(x)$ (eq. `div-cross-entropy`), in nats.

    Args:
        p: (K,) probabilities, over which the mean is taken.
        q: (K,) probabilities, of which the logarithm is taken.

    Returns:
        Infinity where q is zero and p is not.

    Raises:
        ValueError: not distributions over equally many values.
    """
    p, q = _pair(p, q)
    return float(-xlogy(p, q).sum())


def kl(p: ArrayLike, q: ArrayLike) -> float:
    r"""$D_{\mathrm{KL}}(p \Vert q)$ of finite distributions (eq. `div-kl`), in nats.

    Args:
        p: (K,) probabilities, over which the mean is taken.
        q: (K,) probabilities.

    Returns:
        Infinity where q is zero and p is not; zero probabilities of p count nothing.

    Raises:
        ValueError: not distributions over equally many values.
    """
    p, q = _pair(p, q)
    return float(rel_entr(p, q).sum())


def js(p: ArrayLike, q: ArrayLike) -> float:
    r"""Jensen-Shannon divergence (eq. `div-jsd`), from zero to $\log 2$ nats.

    Args:
        p: (K,) probabilities.
        q: (K,) probabilities.

    Raises:
        ValueError: not distributions over equally many values.
    """
    p, q = _pair(p, q)
    mixture = (p + q) / 2
    return float((rel_entr(p, mixture) + rel_entr(q, mixture)).sum() / 2)


def density_kl(
    log_p: Float[ndarray, " G"], log_q: Float[ndarray, " G"], x: Float[ndarray, " G"]
) -> float:
    r"""$\int p(x) \log \frac{p(x)}{q(x)} \, dx$ (eq. `div-kl-density`), by quadrature.

    Args:
        log_p: (G,) log densities at the points; minus infinity where there is none.
        log_q: (G,) the same of q.
        x: (G,) equally spaced points that hold all the mass of p.

    Raises:
        ValueError: p does not integrate to one over the points, or they are uneven,
            or fewer than two.
    """
    if len(x) < 2:
        raise ValueError(f"x must hold at least two points; got {len(x)}")
    steps = np.diff(x)
    if not np.allclose(steps, steps[:1], rtol=1e-6, atol=0):
        raise ValueError(
            "x must be equally spaced; its steps are from "
            f"{steps.min():g} to {steps.max():g}"
        )
    masses = np.exp(log_p) * steps[0]
    if not abs(masses.sum() - 1) < 1e-4:
        raise ValueError(
            f"p must integrate to one over the points from {x[0]:g} to {x[-1]:g}; got "
            f"{masses.sum():.6g}: take a wider or a finer grid, or normalise p"
        )
    some = masses > 0  # elsewhere the term is zero, whatever q is
    return float(masses[some] @ (log_p[some] - log_q[some]))


def gaussian_kl(
    mean_p: ArrayLike, cov_p: ArrayLike, mean_q: ArrayLike, cov_q: ArrayLike
) -> float:
    r"""$D_{\mathrm{KL}}$ of two normal distributions (eq. `div-full-kl`), in nats.

    Computed from the Cholesky factors (eq. `div-cholesky-kl`).

    Args:
        mean_p: (D,), $\mu$.
        cov_p: (D, D), $\Sigma$, symmetric and positive definite.
        mean_q: (D,), $\nu$.
        cov_q: (D, D), $\Omega$, symmetric and positive definite.

    Raises:
        ValueError: shapes that do not match, or no covariance.
    """
    mean_p, factor_p = _gaussian("p", mean_p, cov_p)
    mean_q, factor_q = _gaussian("q", mean_q, cov_q)
    if mean_p.shape != mean_q.shape:
        raise ValueError(f"p has {len(mean_p)} dimensions, but q has {len(mean_q)}")
    spread = solve_triangular(factor_q, factor_p, lower=True)
    shift = solve_triangular(factor_q, mean_p - mean_q, lower=True)
    squares = np.sum(spread**2) + shift @ shift - len(shift)
    return float(squares / 2 - np.log(np.diagonal(spread)).sum())


def diagonal_kl(
    mean_p: ArrayLike, variance_p: ArrayLike, mean_q: ArrayLike, variance_q: ArrayLike
) -> float:
    r"""The same for diagonal covariances (eq. `div-diagonal-kl`), in nats.

    Against $\mathcal N(0, I)$, as in eq. `div-standard-kl`, pass 0 and 1 for q.

    Args:
        mean_p: (D,), $\mu$; as the others, or one number for all.
        variance_p: (D,), $s$.
        mean_q: (D,), $\nu$.
        variance_q: (D,), $t$.

    Raises:
        ValueError: a variance that is not positive, or shapes that do not match.
    """
    shapes = [np.shape(a) for a in (mean_p, variance_p, mean_q, variance_q)]
    vectors = {shape for shape in shapes if shape}
    if len(vectors) > 1 or any(len(shape) > 1 for shape in vectors):
        raise ValueError(
            "means and variances must have one shape (D,), or be numbers; got "
            + ", ".join(map(str, shapes))
        )
    for name, variance in (("variance_p", variance_p), ("variance_q", variance_q)):
        if not np.all(np.asarray(variance) > 0):
            raise ValueError(f"{name} must be positive; got {np.min(variance)}")
    ratio = np.asarray(variance_p, dtype=float) / variance_q
    shift = np.subtract(mean_p, mean_q) ** 2 / variance_q
    return float(np.sum(ratio - np.log(ratio) - 1 + shift) / 2)


@dataclass(frozen=True)
class Normal:
    r"""A normal distribution on the line, $\mathcal N(x \mid \nu, t)$.

    Attributes:
        mean: $\nu$.
        variance: $t$.
    """

    mean: float
    variance: float

    def log_prob(self, x: Float[ndarray, "*B"]) -> Float[ndarray, "*B"]:
        """The log density, in nats."""
        square = (x - self.mean) ** 2 / self.variance
        return -0.5 * (square + np.log(2 * np.pi * self.variance))


def forward_fit(x: ArrayLike, p: ArrayLike) -> Normal:
    r"""The normal q that minimises $D_{\mathrm{KL}}(p \Vert q)$: it has p's moments.

    Equations `div-forward-mean` and `div-forward-variance`.

    Args:
        x: (K,) points.
        p: (K,) their probabilities; for a density, its values times the spacing.

    Raises:
        ValueError: p is no distribution over the points, or all of it is at one.
    """
    p, x = checks.probabilities("p", p), np.asarray(x, dtype=float)
    if x.shape != p.shape:
        raise ValueError(f"x must have shape {p.shape}, as p has; got {x.shape}")
    mean = float(p @ x)
    variance = float(p @ (x - mean) ** 2)
    if not variance > 0:
        raise ValueError(
            f"p must have a positive variance; got {variance}, all of it at {mean}"
        )
    return Normal(mean, variance)


# The log density of a target and its derivative, at any points.
Target = Callable[
    [Float[ndarray, " G"]], tuple[Float[ndarray, " G"], Float[ndarray, " G"]]
]


def reverse_kl(target: Target, q: Normal) -> tuple[float, Float[ndarray, " 2"]]:
    r"""$D_{\mathrm{KL}}(q \Vert p)$ and its derivatives in $\nu$ and $\tau$.

    Equations `div-reverse-standard`, `div-reverse-slope-mean` and
    `div-reverse-slope-deviation`, the integrals by quadrature.

    Args:
        target: log density of p and its derivative; p need not be normalised.
        q: the normal distribution.

    Returns:
        The divergence in nats (less the logarithm of p's mass); (2,) its derivatives.
    """
    deviation = np.sqrt(q.variance)
    log_p, slope = target(q.mean + deviation * _POINTS)
    constant = -0.5 * np.log(2 * np.pi * np.e) - np.log(deviation)
    value = constant - _MASSES @ log_p
    by_mean = -_MASSES @ slope
    by_deviation = -1 / deviation - (_MASSES * _POINTS) @ slope
    return float(value), np.array([by_mean, by_deviation])


def reverse_fit(target: Target, start: Normal) -> Normal:
    r"""A normal q from which $D_{\mathrm{KL}}(q \Vert p)$ only rises, reached downhill.

    Which of several such q it is depends on the start.

    Args:
        target: log density of p and its derivative; p need not be normalised.
        start: where to begin.

    Raises:
        ValueError: the start has no positive variance, or the target is not positive
            everywhere around it.
        ArithmeticError: no optimum was reached, as where the target has no finite mass.
    """
    if not start.variance > 0:
        raise ValueError(f"start.variance must be positive; got {start.variance}")
    if not np.isfinite(reverse_kl(target, start)[0]):
        raise ValueError(
            "the divergence from the target is not finite at the start: "
            "its log density must be finite wherever q has mass"
        )

    unit = np.sqrt(start.variance)  # so that the path does not depend on x's unit

    def normal(free: ndarray) -> Normal:
        mean, factor = start.mean + unit * free[0], np.exp(2 * free[1])
        return Normal(float(mean), float(start.variance * factor))

    def objective(free: ndarray) -> tuple[float, ndarray]:
        value, slope = reverse_kl(target, normal(free))
        return value, slope * unit * [1, np.exp(free[1])]

    found = minimize(
        objective, np.zeros(2), jac=True, method="BFGS", options={"gtol": 1e-9}
    )
    steepest = np.abs(found.jac).max()
    if not steepest < 1e-6:
        raise ArithmeticError(
            f"no optimum was reached; the slope is still {steepest:.1g}: "
            "is the target's mass finite, and its derivative right?"
        )
    return normal(found.x)


def label_kl(
    weights: Float[ndarray, " D"], inputs: Float[ndarray, "N D"], labels: ndarray
) -> tuple[float, Float[ndarray, " D"]]:
    r"""Mean divergence of one-hot labels from a logistic model, and its slope.

    Equations `div-logistic-kl` and `div-logistic-gradient`: $w^\top a$ is the log odds
    of label 0.

    Args:
        weights: (D,), $w$.
        inputs: (N, D), rows $a$.
        labels: (N,), each 0 or 1.

    Raises:
        ValueError: other labels.
    """
    if not np.isin(labels, (0, 1)).all():
        raise ValueError(f"labels must be 0 or 1; got {np.unique(labels)[:5]}")
    logits = inputs @ weights
    divergence = labels * logits + np.logaddexp(0, -logits)
    slope = (labels - expit(-logits)) @ inputs / len(inputs)
    return float(divergence.mean()), slope


def _pair(p: ArrayLike, q: ArrayLike) -> tuple[ndarray, ndarray]:
    p, q = checks.probabilities("p", p), checks.probabilities("q", q)
    if p.shape != q.shape:
        raise ValueError(f"p is over {len(p)} values, but q over {len(q)}")
    return p, q


def _gaussian(name: str, mean: ArrayLike, cov: ArrayLike) -> tuple[ndarray, ndarray]:
    """The mean, and the Cholesky factor of the covariance."""
    mean, cov = np.asarray(mean, dtype=float), np.asarray(cov, dtype=float)
    if mean.ndim != 1 or cov.shape != (len(mean), len(mean)):
        raise ValueError(
            f"mean_{name} and cov_{name} must have shapes (D,) and (D, D); "
            f"got {mean.shape} and {cov.shape}"
        )
    if not (np.isfinite(mean).all() and np.isfinite(cov).all()):
        raise ValueError(f"mean_{name} and cov_{name} must be finite")
    if not np.allclose(cov, cov.T, rtol=1e-9, atol=0):
        raise ValueError(f"cov_{name} must be symmetric")
    try:
        return mean, np.linalg.cholesky(cov)
    except np.linalg.LinAlgError:
        least = np.linalg.eigvalsh(cov)[0]
        raise ValueError(
            f"cov_{name} must be positive definite; its least eigenvalue is {least:.3g}"
        ) from None
