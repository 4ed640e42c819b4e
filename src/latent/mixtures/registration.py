"""Registration of two point sets: a mixture whose centres move together, fitted by EM.

The observations $x_n$ are the reference points $y_m$, moved and in unknown order, with
noise. The E-step gives sums over the matches and never stores the (N, M) array of them:
memory grows with N + M only.
"""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray
from numpy.typing import ArrayLike

from latent import checks
from latent.em import Fit, blocks, em, homogeneous, posterior


@dataclass(frozen=True, eq=False)
class Registration:
    r"""Parameters of $x_n \mid Z_{nm} = 1 \sim \mathcal N(c A y_m - T, \sigma^2 I)$.

    Attributes:
        reference: (M, D), the points $y_m$; EM leaves them as they are.
        translation: (D,), $T$, which brings the observations back to the reference.
        rotation: (D, D), $A$, of determinant one.
        scale: $c$, positive.
        variance: $\sigma^2$ of the noise, in each direction.
        outliers: $w$, the share of observations that match nothing; EM leaves it.
        volume: $B$ of the box over which these are spread evenly; EM leaves it.
    """

    reference: Float[ndarray, "M D"]
    translation: Float[ndarray, " D"]
    rotation: Float[ndarray, "D D"]
    scale: float
    variance: float
    outliers: float
    volume: float


@dataclass(frozen=True, eq=False)
class Matches:
    r"""Sums of the responsibilities $r_{nm}$: all of them that an M-step needs.

    Attributes:
        matched: (N,), $\sum_m r_{nm}$, one less the chance of being an outlier.
        counts: (M,), $R_m = \sum_n r_{nm}$.
        sums: (M, D), $\sum_n r_{nm} (x_n - o)$ about the mean $o$ of the observations.
    """

    matched: Float[ndarray, " N"]
    counts: Float[ndarray, " M"]
    sums: Float[ndarray, "M D"]


def centres(params: Registration) -> Float[ndarray, "M D"]:
    r"""$\mu_m = c A y_m - T$ (eq. `registration-centres`), one a row."""
    turned = params.reference @ params.rotation.T
    return params.scale * turned - params.translation


def log_joint(params: Registration, x: Float[ndarray, "N D"]) -> Float[ndarray, "N C"]:
    r"""$\log p(x_n, Z_{nm} = 1)$, (N, M+1) (eq. `registration-log-joint`).

    The last column is that of an outlier, $\log \frac{w}{B}$.

    About an origin amid the centres, $\lVert x_n - \mu_m \rVert^2$ is affine in $x_n$
    and $\lVert x_n \rVert^2$, so that all exponents are one product.
    """
    M, D = params.reference.shape
    mu = centres(params)
    origin = mu.mean(axis=0)
    mu -= origin
    with np.errstate(divide="ignore"):  # log 0: no outliers
        outlier = np.log(params.outliers / params.volume)
    log_scale = D / 2 * np.log(2 * np.pi * params.variance)
    level = np.log((1 - params.outliers) / M) - log_scale
    half = 0.5 / params.variance
    constant = level - half * (mu * mu).sum(axis=1)
    affine = np.column_stack([2 * half * mu, constant, np.full(M, -half)])
    z = homogeneous(x, origin).T
    joint = np.empty((M + 1, len(x)))
    np.matmul(affine, np.vstack([z, (z[:-1] ** 2).sum(axis=0)]), out=joint[:-1])
    joint[-1] = outlier
    return joint.T


def e_step(params: Registration, x: Float[ndarray, "N D"]) -> tuple[Matches, float]:
    r"""Sums of the responsibilities (eq. `registration-outlier-responsibilities`).

    The responsibilities are made, summed and forgotten a block of observations at a
    time.

    Returns:
        The sums, and the mean log-likelihood (eq. `registration-outlier-likelihood`)
        in nats per observation.
    """
    M, D = params.reference.shape
    origin = x.mean(axis=0)
    matched, totals, total = np.empty(len(x)), np.zeros((M, D + 1)), 0.0
    for rows in blocks(len(x), M * D):
        r, mean = posterior(partial(log_joint, params), x[rows], M + 1)
        matched[rows] = 1 - r[:, -1]
        totals += r[:, :-1].T @ homogeneous(x[rows], origin)
        total += mean * len(r)
    return Matches(matched, totals[:, -1], totals[:, :-1]), total / len(x)


def m_step(
    params: Registration,
    x: Float[ndarray, "N D"],
    matches: Matches,
    *,
    rotate: bool = True,
    rescale: bool = True,
    estimate_variance: bool = True,
    floor: float = 0.0,
) -> Registration:
    r"""Weighted Procrustes, then the variance of what is left.

    Equations `registration-rotation`, `registration-scale`, `registration-shift` and
    `registration-variance`. What the matches do not determine keeps its value: all of
    it where there are none, the scale where the matched reference points coincide.

    Args:
        params: the old parameters.
        x: (N, D) observations.
        matches: sums of the responsibilities.
        rotate: whether to update the rotation.
        rescale: whether to update the scale.
        estimate_variance: whether to update the variance.
        floor: the smallest variance allowed.
    """
    weight = matches.matched.sum()
    if not weight > 0:
        return params
    x_origin, y_origin = x.mean(axis=0), params.reference[0]
    x, y = x - x_origin, params.reference - y_origin
    x_mean, y_mean = matches.matched @ x / weight, matches.counts @ y / weight
    x, y = x - x_mean, y - y_mean
    x_spread = matches.matched @ (x * x).sum(axis=1)
    y_spread = matches.counts @ (y * y).sum(axis=1)
    cross = matches.sums.T @ y
    turns = rotate and cross.any()
    rotation = nearest_rotation(cross) if turns else params.rotation
    along = np.vdot(rotation, cross)
    grows = rescale and y_spread > 0
    scale = max(float(along / y_spread), 0.0) if grows else params.scale
    variance = params.variance
    if estimate_variance:
        left = x_spread - 2 * scale * along + scale**2 * y_spread
        variance = max(float(left / (weight * x.shape[1])), floor)
    translation = scale * rotation @ (y_origin + y_mean) - (x_origin + x_mean)
    return replace(
        params,
        translation=translation,
        rotation=rotation,
        scale=scale,
        variance=variance,
    )


def nearest_rotation(cross: Float[ndarray, "D D"]) -> Float[ndarray, "D D"]:
    r"""The $A$ with the largest $\operatorname{tr}(A^\top H)$.

    With $H = U S V^\top$ it is $U V^\top$, the last column of $U$ negated if that would
    mirror (eq. `registration-rotation`).
    """
    left, _, right = np.linalg.svd(cross)
    left[:, -1] *= np.sign(np.linalg.det(left @ right))
    return left @ right


def closest_points(
    params: Registration, x: Float[ndarray, "N D"]
) -> tuple[Matches, float]:
    r"""An E-step with $\sigma \to 0$: the nearest centre only (eq. `registration-icp`).

    On the driver, with `m_step(..., estimate_variance=False)`, it is the method of
    iterative closest points.

    Returns:
        The sums, and minus the mean squared distance, in squared units of the data.
    """
    nearest = predict(replace(params, outliers=0.0), x)
    M = len(params.reference)
    z = x - x.mean(axis=0)
    sums = [np.bincount(nearest, weights=column, minlength=M) for column in z.T]
    counts = np.bincount(nearest, minlength=M).astype(float)
    gaps = x - centres(params)[nearest]
    matches = Matches(np.ones(len(x)), counts, np.stack(sums, axis=1))
    return matches, -float((gaps * gaps).sum(axis=1).mean())


def variance_floor(x: Float[ndarray, "N D"]) -> float:
    """A millionth of the mean variance, or the rounding error if that is larger."""
    rounding = 1e3 * np.spacing(np.abs(x).max() or 1.0)
    return float(max(1e-6 * x.var(axis=0).mean(), rounding**2))


def init(
    x: Float[ndarray, "N D"], reference: Float[ndarray, "M D"], *, outliers: float = 0.0
) -> Registration:
    """Centroid on centroid, unturned, and as much noise as there is spread.

    Outliers may lie anywhere in the box that the observations fill.
    """
    D = x.shape[1]
    spread = (x.var(axis=0).sum() + reference.var(axis=0).sum()) / D
    return Registration(
        reference=reference,
        translation=reference.mean(axis=0) - x.mean(axis=0),
        rotation=np.eye(D),
        scale=1.0,
        variance=max(float(spread), variance_floor(x)),
        outliers=outliers,
        volume=float(np.ptp(x, axis=0).prod()) or 1.0,
    )


def fit(
    x: ArrayLike,
    reference: ArrayLike,
    *,
    rotate: bool = True,
    rescale: bool = True,
    variance: float | None = None,
    outliers: float = 0.0,
    max_iter: int = 500,
    tol: float = 1e-6,
) -> Fit[Registration]:
    r"""Register the observations with the reference by EM, centroid on centroid first.

    The `responsibilities` of the result are their sums, `Matches`; the function
    `responsibilities` gives all of them.

    Args:
        x: (N, D) observations $x_n$, in any unit.
        reference: (M, D) points $y_m$, in the same unit unless the scale is fitted.
        rotate: whether the reference may turn.
        rescale: whether it may grow or shrink.
        variance: $\sigma^2$ if it is known; else it is estimated, and at least a
            millionth of the observations' own (eq. `registration-variance`).
        outliers: share $w$ of observations that match nothing, at least 0, below 1.
        max_iter: the number of M-steps at most.
        tol: stop when the mean log-likelihood rises by no more (nats per observation).

    Raises:
        ValueError: bad data, point sets of different dimension, a variance that is not
            positive, or another bad argument.
    """
    x = checks.observations(x)
    reference = checks.observations(reference, name="reference")
    if x.shape[1] != reference.shape[1]:
        raise ValueError(
            "x and reference must have points of one dimension; "
            f"got {x.shape[1]} and {reference.shape[1]} coordinates a point"
        )
    if variance is not None and not 0 < variance < np.inf:
        raise ValueError(
            f"variance must be a positive number, sigma squared; got {variance!r}; "
            "leave it out to have it estimated"
        )
    if not 0 <= outliers < 1:
        raise ValueError(
            f"outliers must be a share, at least 0 and below 1; got {outliers!r}"
        )
    if rescale and not np.ptp(x, axis=0).any():
        raise ValueError(
            "x holds one point only, however often, from which no scale can be "
            "estimated: pass rescale=False"
        )
    if outliers and not np.ptp(x, axis=0).all():
        raise ValueError(
            "outliers are spread over the box that x fills, but x does not vary in "
            f"column {int(np.ptp(x, axis=0).argmin())}: pass outliers=0"
        )
    checks.count("max_iter", max_iter)
    checks.tolerance("tol", tol)
    start = init(x, reference, outliers=outliers)
    if variance is not None:
        start = replace(start, variance=float(variance))
    step = partial(
        m_step,
        rotate=rotate,
        rescale=rescale,
        estimate_variance=variance is None,
        floor=variance_floor(x),
    )
    return em(e_step, step, start, x, max_iter=max_iter, tol=tol)


def responsibilities(params: Registration, x: ArrayLike) -> Float[ndarray, "N M"]:
    """All responsibilities (eq. `registration-outlier-responsibilities`).

    A row sums to one less the chance that the point is an outlier. The array has N
    times M numbers; no other function of this module makes one.

    Raises:
        ValueError: bad data, or points of another dimension.
    """
    x = _matching(params, x)
    r, _ = posterior(partial(log_joint, params), x, len(params.reference) + 1)
    return r[:, :-1]


def predict(params: Registration, x: ArrayLike) -> Int[ndarray, " N"]:
    """The likeliest match of each observation, or -1 where that is none.

    Raises:
        ValueError: bad data, or points of another dimension.
    """
    x = _matching(params, x)
    M, D = params.reference.shape
    parts = blocks(len(x), M * D)
    best = np.concatenate([log_joint(params, x[rows]).argmax(axis=1) for rows in parts])
    return np.where(best < M, best, -1)


def align(params: Registration, x: ArrayLike) -> Float[ndarray, "N D"]:
    r"""$\frac1c A^\top (x_n + T)$: the observations back on the reference.

    Raises:
        ValueError: bad data, or points of another dimension.
    """
    x = _matching(params, x)
    return (x + params.translation) @ params.rotation / params.scale


def _matching(params: Registration, x: ArrayLike) -> Float[ndarray, "N D"]:
    x = checks.observations(x)
    checks.features(x, params.reference.shape[1])
    return x
