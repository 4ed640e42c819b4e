"""Mixtures of products of Bernoullis, for zeros and ones, fitted by EM."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray
from numpy.typing import ArrayLike
from scipy.special import xlog1py, xlogy

from latent import checks
from latent.em import Fit, em, posterior


@dataclass(frozen=True, eq=False)
class BernoulliMixture:
    r"""Parameters of $\sum_k \pi_k \prod_d \beta_{kd}^{x_d} (1-\beta_{kd})^{1-x_d}$.

    Attributes:
        weights: (K,), $\pi_k$, summing to one.
        probabilities: (K, D), $\beta_{kd}$, of feature d being 1; 0 and 1 are allowed.
    """

    weights: Float[ndarray, " K"]
    probabilities: Float[ndarray, "K D"]


def log_joint(
    params: BernoulliMixture, x: Float[ndarray, "N D"]
) -> Float[ndarray, "N K"]:
    r"""$\log p(x_n, z_n = k)$, affine in $x_n$ (eq. `bmm-log-joint-affine`).

    A probability of 0 or 1 has no log-odds. It adds nothing where the feature is as it
    must be, and forbids the component where it is not (eq. `bmm-contradictions`).
    """
    p = params.probabilities
    with np.errstate(divide="ignore"):  # log 0: no observations, or a certain feature
        log_weights, lit, dark = np.log(params.weights), np.log(p), np.log1p(-p)
    certain = np.isinf(lit) | np.isinf(dark)
    log_odds = np.where(certain, 0, lit - dark)
    constant = log_weights + np.where(certain, 0, dark).sum(axis=1)
    joint = (log_odds @ x.T).T + constant
    some = np.flatnonzero(certain.any(axis=0))
    if len(some):
        never, always = (p[:, some] == edge for edge in (0.0, 1.0))
        sign = never.astype(float) - always
        contradictions = (sign @ x[:, some].T).T + always.sum(axis=1)
        joint[contradictions > 0] = -np.inf
    return joint


def log_prior(params: BernoulliMixture, *, alpha: float, gamma: float) -> float:
    r"""Log of the priors (eq. `bmm-log-prior`), less a constant; $0 \log 0 = 0$."""
    p = params.probabilities
    pixels = xlogy(alpha, p).sum() + xlog1py(alpha, -p).sum()
    return float(pixels + xlogy(gamma, params.weights).sum())


def e_step(
    params: BernoulliMixture,
    x: Float[ndarray, "N D"],
    *,
    alpha: float = 0.0,
    gamma: float = 0.0,
) -> tuple[Float[ndarray, "N K"], float]:
    r"""Responsibilities (eq. `bmm-responsibilities`) and the objective.

    The objective is (eq. `bmm-map-log-likelihood`) divided by N: the mean
    log-likelihood in nats, plus the log of the priors' share of one observation.
    """
    joint = log_joint(params, x)
    responsibilities, mean = posterior(lambda rows: rows, joint, joint.shape[1])
    return responsibilities, mean + log_prior(params, alpha=alpha, gamma=gamma) / len(x)


def m_step(
    params: BernoulliMixture,
    x: Float[ndarray, "N D"],
    responsibilities: Float[ndarray, "N K"],
    *,
    alpha: float = 0.0,
    gamma: float = 0.0,
) -> BernoulliMixture:
    r"""Shares of the counts (eq. `bmm-map-probabilities`, `bmm-map-weights`).

    Without pseudo-counts these are (eq. `bmm-m-step-probabilities`) and (eq.
    `bmm-m-step-weights`). A component without any counts keeps its probabilities.

    Args:
        params: the old parameters.
        x: (N, D) zeros and ones.
        responsibilities: (N, K).
        alpha: observations of each value that the prior adds to each feature of each
            component.
        gamma: observations that the prior adds to each component's weight.
    """
    lit, dark = counts(x, responsibilities)
    total = lit + dark + 2 * alpha
    shares = (lit + alpha) / np.where(total > 0, total, 1)
    weights = responsibilities.sum(axis=0) + gamma
    return BernoulliMixture(
        weights / (len(x) + gamma * len(weights)),
        np.where(total > 0, shares, params.probabilities),
    )


def counts(
    x: Float[ndarray, "N D"], responsibilities: Float[ndarray, "N K"]
) -> tuple[Float[ndarray, "K D"], Float[ndarray, "K D"]]:
    r"""Effective counts of ones (eq. `bmm-lit`) and of zeros, $R_k - S_{kd}$.

    Where hardly any zeros are left, the difference is all rounding; they are summed.
    """
    lit = responsibilities.T @ x
    dark = responsibilities.sum(axis=0)[:, None] - lit
    lost = np.flatnonzero((dark < 1e-8 * lit).any(axis=0))
    dark[:, lost] = responsibilities.T @ (1 - x[:, lost])
    return lit, dark


def init(
    x: Float[ndarray, "N D"], n_components: int, *, rng: np.random.Generator
) -> BernoulliMixture:
    """Half-way from the mean to K different observations; equal weights.

    The mean is that of the data and one observation each of ones and of zeros, so that
    nothing is impossible to begin with.
    """
    rows = x[rng.choice(len(x), n_components, replace=False)]
    mean = (x.sum(axis=0) + 1) / (len(x) + 2)
    return BernoulliMixture(np.full(n_components, 1 / n_components), (rows + mean) / 2)


def fit(
    x: ArrayLike,
    n_components: int,
    *,
    rng: np.random.Generator,
    alpha: float = 0.0,
    gamma: float = 0.0,
    restarts: int = 1,
    max_iter: int = 500,
    tol: float = 1e-6,
) -> Fit[BernoulliMixture]:
    r"""The likeliest of `restarts` runs of EM, or with priors the most probable.

    Args:
        x: (N, D) zeros and ones, or false and true.
        n_components: K, from 1 to N.
        rng: where the starts are drawn from.
        alpha: Beta($1 + \alpha$, $1 + \alpha$) is the prior of each probability. With
            0, the default, observations other than those of `x` may be impossible.
        gamma: Dirichlet($1 + \gamma$) is the prior of the weights.
        restarts: runs to choose from.
        max_iter: the number of M-steps at most, a run.
        tol: stop when the objective of `e_step` rises by no more (nats an observation).

    Raises:
        ValueError: a bad argument (`latent.checks.fit_input`), an entry that is neither
            0 nor 1, or a negative `alpha` or `gamma`.
    """
    x = checks.fit_input(
        x, "n_components", n_components, restarts=restarts, max_iter=max_iter, tol=tol
    )
    checks.binary(x)
    checks.tolerance("alpha", alpha)
    checks.tolerance("gamma", gamma)
    expect = partial(e_step, alpha=alpha, gamma=gamma)
    maximise = partial(m_step, alpha=alpha, gamma=gamma)
    starts = [init(x, n_components, rng=rng) for _ in range(restarts)]
    runs = [em(expect, maximise, s, x, max_iter=max_iter, tol=tol) for s in starts]
    return max(runs, key=lambda run: run.history[-1])


def log_prob(params: BernoulliMixture, x: ArrayLike) -> Float[ndarray, " N"]:
    r"""$\log p(x_n)$ (eq. `bmm-density`), in nats; $-\infty$ for the impossible.

    Raises:
        ValueError: bad data, or another number of features than the model has.
    """
    return np.logaddexp.reduce(log_joint(params, _matching(params, x)), axis=1)


def predict(params: BernoulliMixture, x: ArrayLike) -> Int[ndarray, " N"]:
    """The likeliest component of each observation (eq. `gmm-map`).

    Raises:
        ValueError: bad data, another number of features than the model has, or an
            observation that is impossible under every component.
    """
    joint = log_joint(params, _matching(params, x))
    impossible = np.isneginf(joint).all(axis=1)
    if impossible.any():
        raise ValueError(
            f"x[{impossible.argmax()}] is impossible under every component, and so are "
            f"{np.count_nonzero(impossible)} of {len(joint)} rows: each component has "
            "probability 0 for one of their entries; fit with alpha > 0"
        )
    return joint.argmax(axis=1)


def sample(
    params: BernoulliMixture, n: int, *, rng: np.random.Generator
) -> tuple[Float[ndarray, "n D"], Int[ndarray, " n"]]:
    """Draw components from the weights, then each feature by itself.

    Returns:
        Zeros and ones, (n, D), and each row's component, (n,).

    Raises:
        ValueError: n below one.
    """
    checks.count("n", n)
    z = rng.choice(len(params.weights), size=n, p=params.weights)
    uniform = rng.random((n, params.probabilities.shape[1]))
    return (uniform < params.probabilities[z]).astype(float), z


def _matching(params: BernoulliMixture, x: ArrayLike) -> Float[ndarray, "N D"]:
    x = checks.observations(x)
    checks.features(x, params.probabilities.shape[1])
    checks.binary(x)
    return x
