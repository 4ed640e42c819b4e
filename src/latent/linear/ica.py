"""Independent component analysis by maximum likelihood, sources being logistic."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from numpy.typing import ArrayLike

from latent import checks
from latent.em import blocks
from latent.linear import pca

# $c$ of a Newton step (eq. `ica-repair`); no effect on where the run ends.
LEAST_CURVATURE = 0.1
LEAST_SPREAD = 1e-6  # of a direction that counts, as a share of the widest one's


@dataclass(frozen=True, eq=False)
class ICA:
    """How microphones are turned into sources.

    Attributes:
        unmixing: (K, D), $W$, its rows $w_i$; the entry of largest magnitude of each is
            positive, and the source that is loudest in the microphones comes first.
        mean: (D,), of the microphones.
    """

    unmixing: Float[ndarray, "K D"]
    mean: Float[ndarray, " D"]


@dataclass(frozen=True, eq=False)
class Fit:
    """What a run of the quasi-Newton method found.

    Attributes:
        params: the last parameters.
        history: (T + 1,) mean log-likelihoods in nats per observation, the start's
            first; `history[-1]` is that of `params`. With K < D, of the data projected
            on the K directions of the rows of W.
        gradients: (T + 1,) largest magnitudes of an entry of the relative gradient.
        converged: whether the last gradient is `tol` or less.
    """

    params: ICA
    history: Float[ndarray, " T"]
    gradients: Float[ndarray, " T"]
    converged: bool


def logistic(
    y: Float[ndarray, "*S"],
) -> tuple[Float[ndarray, "*S"], Float[ndarray, "*S"], Float[ndarray, "*S"]]:
    r"""$\log g'(y)$, the score $\psi(y)$ and its slope $\psi'(y)$, for each entry.

    Equations `ica-log-density`, `ica-score-stable` and `ica-score-slope`. One
    exponential, which cannot overflow, serves all three.
    """
    size = np.abs(y)
    shrunk = np.exp(-size)
    log_density = -size - 2 * np.log1p(shrunk)
    score = np.copysign((1 - shrunk) / (1 + shrunk), y)
    return log_density, score, 0.5 * (1 - score * score)


def averages(
    unmixing: Float[ndarray, "K K"], x: Float[ndarray, "N K"]
) -> tuple[float, Float[ndarray, "K K"], Float[ndarray, "K K"]]:
    r"""Mean log-likelihood, relative gradient and curvatures at W, in one pass.

    Equations `ica-log-likelihood`, `ica-relative-gradient` and `ica-curvatures`.
    """
    K = len(unmixing)
    total, products, curvatures = 0.0, np.zeros((K, K)), np.zeros((K, K))
    for rows in blocks(len(x), K):
        y = unmixing @ x[rows].T
        log_density, score, slope = logistic(y)
        total += float(log_density.sum())
        products += score @ y.T
        curvatures += slope @ (y * y).T
    objective = float(np.linalg.slogdet(unmixing)[1]) + total / len(x)
    return objective, np.eye(K) - products / len(x), curvatures / len(x)


def gradient(
    unmixing: Float[ndarray, "K K"], x: Float[ndarray, "N K"]
) -> Float[ndarray, "K K"]:
    r"""$\frac1N$ of the slope of the log-likelihood (eq. `ica-gradient`)."""
    _, score, _ = logistic(unmixing @ x.T)
    return np.linalg.inv(unmixing).T - score @ x / len(x)


def newton_step(
    gradient: Float[ndarray, "K K"], curvatures: Float[ndarray, "K K"]
) -> Float[ndarray, "K K"]:
    r"""The relative change at the top of the quadratic model (eq. `ica-newton-step`).

    The model has its top there only if each pair of opposite entries curves downwards;
    a pair that does not is made to (eq. `ica-repair`).
    """
    h, across = curvatures, curvatures.T
    least = (h + across) / 2 - np.sqrt((h - across) ** 2 / 4 + 1)
    lift = np.maximum(LEAST_CURVATURE - least, 0)
    np.fill_diagonal(lift, 0)  # a diagonal entry has no partner: it curves by h + 1
    h, across = h + lift, across + lift
    determinant = h * across - 1
    np.fill_diagonal(determinant, 1)
    step = (across * gradient - gradient.T) / determinant
    np.fill_diagonal(step, np.diag(gradient) / (1 + np.diag(h)))
    return step


def fit(
    x: ArrayLike,
    n_sources: int | None = None,
    *,
    max_iter: int = 200,
    tol: float = 1e-7,
) -> Fit:
    """Raise the likelihood until its relative gradient vanishes, in steps of its own.

    Neither `em` nor `train`: there are no responsibilities, and the step depends on
    curvatures of all the data. It starts from whitened data, goes a Newton step, or as
    much of it as does not lower the likelihood, and stops where the gradient says so.

    Args:
        x: (N, D) observations: microphones are columns, in any unit.
        n_sources: K, at most D; all D if not given. With fewer, the data are projected
            on the first K principal components of the standardised microphones.
        max_iter: the number of steps at most.
        tol: for the largest entry of the relative gradient, which has no unit.

    Raises:
        ValueError: bad data, more sources than microphones or too few observations, or
            microphones that do not span as many directions as there are sources.
    """
    x = checks.observations(x)
    checks.count("max_iter", max_iter)
    checks.tolerance("tol", tol)
    whitening, mean = whitener(x, x.shape[1] if n_sources is None else n_sources)
    z = np.asfortranarray((x - mean) @ whitening.T)
    offset = float(np.log(np.linalg.svd(whitening, compute_uv=False)).sum())
    w = np.eye(len(whitening))
    objective, slope, curvatures = averages(w, z)
    history, gradients = [objective], [float(np.abs(slope).max())]
    while gradients[-1] > tol and len(history) <= max_iter:
        step = newton_step(slope, curvatures)
        rounding = 1e-14 * (1 + abs(objective))  # of a mean of that size
        for part in 0.5 ** np.arange(30):
            moved = w + part * step @ w
            found = averages(moved, z)
            if found[0] >= objective - rounding:
                break
        else:
            break  # no part of the step raises it: rounding is all that is left
        w, (objective, slope, curvatures) = moved, found
        history.append(objective)
        gradients.append(float(np.abs(slope).max()))
    params = ICA(arranged(w, whitening), mean)
    return Fit(
        params, np.array(history) + offset, np.array(gradients), gradients[-1] <= tol
    )


def whitener(
    x: Float[ndarray, "N D"], n_sources: int
) -> tuple[Float[ndarray, "K D"], Float[ndarray, " D"]]:
    r"""The map to uncorrelated sources of variance one (eq. `ica-whitening`); the mean.

    Each microphone is first measured in its own standard deviation, so that units do
    not matter.

    Raises:
        ValueError: n_sources is above D, N is not above n_sources, or the data have
            fewer directions than that.
    """
    N, D = x.shape
    checks.count("n_sources", n_sources, at_most=D, of="microphones (columns of x)")
    if n_sources >= N:
        raise ValueError(
            f"x has {N} observations (rows), too few to unmix {n_sources} sources: "
            "more rows than sources are needed; are the microphones in the columns?"
        )
    mean = x.mean(axis=0)
    covariance = pca.covariance(x, mean)
    unit, rounding = np.sqrt(np.diag(covariance)), 1e2 * np.spacing(np.abs(mean))
    silent = unit <= rounding
    unit[silent] = np.inf
    variances, vectors = pca.largest(covariance / np.outer(unit, unit), n_sources)
    spread = np.sqrt(variances)
    rank = np.count_nonzero(spread > LEAST_SPREAD * max(spread[0], 1e-300))
    if rank < n_sources:
        flat = np.flatnonzero(silent).tolist()
        raise ValueError(
            f"x has rank {rank} once centred, too low for {n_sources} sources"
            + (f"; constant columns: {flat}" if flat else "")
            + (f"; pass n_sources={rank} or less" if rank else "")
        )
    return vectors.T / spread[:, None] / unit, mean


def arranged(
    w: Float[ndarray, "K K"], whitening: Float[ndarray, "K D"]
) -> Float[ndarray, "K D"]:
    """W by rows in the order of their sources' power in all microphones, and signed."""
    unmixing = w @ whitening
    variances = (w * w).sum(axis=1)  # of the sources, made of white data by w
    power = (np.linalg.pinv(unmixing) ** 2).sum(axis=0) * variances
    return pca.signed(unmixing[np.argsort(-power)])


def unmix(params: ICA, x: ArrayLike) -> Float[ndarray, "N K"]:
    r"""The sources $y_n = W (x_n - \bar x)$ (eq. `ica-sources`).

    Raises:
        ValueError: bad data, or another number of microphones than the model has.
    """
    x = checks.observations(x)
    checks.features(x, params.unmixing.shape[1])
    return (x - params.mean) @ params.unmixing.T


def log_prob(params: ICA, x: ArrayLike) -> Float[ndarray, " N"]:
    r"""$\log p(x_n)$ (eq. `ica-density`), in nats.

    With K < D, the density of the projection on the rows of W, measured in lengths of
    the data: $|\det W|$ becomes the product of the singular values.

    Raises:
        ValueError: bad data, or another number of microphones than the model has.
    """
    volume = np.log(np.linalg.svd(params.unmixing, compute_uv=False)).sum()
    return volume + logistic(unmix(params, x))[0].sum(axis=1)


def signal_to_interference(gains: Float[ndarray, "K M"]) -> Float[ndarray, " K"]:
    """Power of each output's loudest source over that of all others, in dB.

    Args:
        gains: (K, M), W A for sources of equal power (eq. `ica-sir`); a row with one
            source only gives infinity.
    """
    power = gains * gains
    largest = power.max(axis=1)
    with np.errstate(divide="ignore"):
        return 10 * np.log10(largest) - 10 * np.log10(power.sum(axis=1) - largest)
