"""Expectation-maximisation, once, for every latent-variable model in the book.

A model gives three things: its parameters (a frozen dataclass of arrays), an
`e_step(params, x)` and an `m_step(params, x, responsibilities)`. Both steps are pure
functions. The M-step sees the old parameters too, because a component to which no
observation belongs keeps what it had.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from jaxtyping import Float
from numpy import ndarray

Params = TypeVar("Params")


@dataclass(frozen=True, eq=False)
class Fit(Generic[Params]):
    """What a run of EM found.

    Attributes:
        params: the last parameters.
        responsibilities: those of `params`, as the E-step gives them: (N, K), each row
            summing to one; or only sums of them, if the M-step needs no more.
        history: (T + 1,) objectives, the start's first; `history[-1]` is that of
            `params`. Mean nats per observation, but for K-means minus the mean squared
            distance.
        converged: whether the last step raised the objective by `tol` or less.
    """

    params: Params
    responsibilities: Any
    history: Float[ndarray, " T"]
    converged: bool


def em(
    e_step: Callable[[Params, ndarray], tuple[Any, float]],
    m_step: Callable[[Params, ndarray, Any], Params],
    params: Params,
    x: Float[ndarray, "N D"],
    *,
    max_iter: int = 500,
    tol: float = 1e-6,
) -> Fit[Params]:
    """Alternate the two steps until the objective rises by at most `tol`.

    Args:
        e_step: gives the responsibilities and the objective at the parameters.
        m_step: gives parameters that raise the bound (eq. `em-m-step`).
        params: where to start.
        x: (N, D) observations.
        max_iter: the number of M-steps at most.
        tol: in the objective's unit; negative runs all `max_iter` steps.

    Raises:
        ArithmeticError: the objective fell, which no EM does (eq. `em-monotone`): one
            of the steps is wrong.
    """
    responsibilities, objective = e_step(params, x)
    history = [objective]
    converged = False
    while not converged and len(history) <= max_iter:
        params = m_step(params, x, responsibilities)
        responsibilities, objective = e_step(params, x)
        rise = objective - history[-1]
        if not rise >= -1e-8 * (1 + abs(objective)):  # also true of NaN
            raise ArithmeticError(
                f"step {len(history)} of EM took the objective from {history[-1]:.9g} "
                f"to {objective:.9g}; EM never lowers it, so a step is wrong"
            )
        history.append(objective)
        converged = rise <= tol
    return Fit(params, responsibilities, np.array(history), converged)


def posterior(
    log_joint: Callable[[Float[ndarray, "B D"]], Float[ndarray, "B K"]],
    x: Float[ndarray, "N D"],
    n_components: int,
) -> tuple[Float[ndarray, "N K"], float]:
    r"""Bayes' rule over the components, in logs (eq. `em-posterior`).

    The sum is taken as in (eq. `gmm-log-sum-exp`): the largest joint of each row comes
    out before `exp`, so that it neither overflows nor vanishes.

    Args:
        log_joint: $\log p(x_n, z_n = k)$ of some rows, in nats; $-\infty$ forbids a
            component, but not all of them. The array it returns is used as scratch.
        x: (N, D) observations.
        n_components: the number of components, K.

    Returns:
        Responsibilities $r_{nk} = p(z_n = k \mid x_n)$ of shape (N, K), rows summing to
        one, and the mean log-likelihood $\frac1N \sum_n \log p(x_n)$ in nats.
    """
    responsibilities = np.empty((len(x), n_components), order="F")
    total = 0.0
    for rows in blocks(len(x), n_components * x.shape[1]):
        joint = log_joint(x[rows])
        largest = joint.max(axis=1, keepdims=True)
        joint = np.exp(np.subtract(joint, largest, out=joint), out=joint)
        evidence = joint.sum(axis=1, keepdims=True)
        np.divide(joint, evidence, out=responsibilities[rows])
        total += float((largest + np.log(evidence)).sum())
    return responsibilities, total / len(x)


def blocks(n: int, width: int) -> Iterator[slice]:
    """Slices that cut `n` rows so that work of `width` numbers a row stays in cache."""
    size = min(max(2**20 // width, 256), 2**13)
    return (slice(start, start + size) for start in range(0, n, size))


def homogeneous(
    x: Float[ndarray, "B D"], origin: Float[ndarray, " D"]
) -> Float[ndarray, "B D+1"]:
    r"""$(x_n - o, 1)$: an affine map of it about the origin $o$ is one product."""
    extended = np.empty((len(x), x.shape[1] + 1), order="F")
    np.subtract(x, origin, out=extended[:, :-1])
    extended[:, -1] = 1
    return extended
