"""What every public entry asks of its input: one check each, with a message that helps.

Only entries (`fit`, the loaders) call these; the steps inside trust their arguments.
"""

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray
from numpy.typing import ArrayLike


def observations(x: ArrayLike, *, name: str = "x") -> Float[ndarray, "N D"]:
    """The data as finite doubles, one observation a row, stored feature by feature.

    The storage (Fortran order) lets sums over the features or the components of many
    observations run along memory; it changes no value.

    Args:
        x: (N, D) numbers; N and D at least one.
        name: what the caller calls them.

    Returns:
        The same values; a copy unless they were stored so already.

    Raises:
        ValueError: not two axes, nothing in it, not numbers, or NaN or infinity in it.
    """
    try:
        data = np.asfortranarray(x, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{name} must be an (N, D) array of numbers: {error}"
        ) from error
    if np.ndim(x) != 2:
        raise ValueError(
            f"{name} must have shape (N, D), one observation a row; got {np.shape(x)}"
            + (f"; for D = 1 pass {name}[:, None]" if np.ndim(x) == 1 else "")
        )
    if data.size == 0:
        raise ValueError(
            f"{name} must hold at least one number; got shape {data.shape}"
        )
    if not np.isfinite(data).all():
        row, column = np.argwhere(~np.isfinite(data))[0]
        raise ValueError(
            f"{name} must be finite; {name}[{row}, {column}] is {data[row, column]}, "
            f"and {np.count_nonzero(~np.isfinite(data))} of {data.size} entries are "
            "NaN or infinite: remove or impute those rows"
        )
    return data


def fit_input(
    x: ArrayLike, name: str, k: int, *, restarts: int, max_iter: int, tol: float
) -> Float[ndarray, "N D"]:
    """What a mixture's `fit` asks of its arguments; `name` is what it calls its `k`.

    Returns:
        The data as `observations` gives them.

    Raises:
        ValueError: bad data, k not from 1 to N, or a setting below its least value.
    """
    data = observations(x)
    count(name, k, at_most=len(data), of="observations")
    count("restarts", restarts)
    count("max_iter", max_iter)
    tolerance("tol", tol)
    return data


def count(name: str, value: float, *, at_most: int | None = None, of: str = "") -> None:
    """Refuse a `value` that is no whole number from 1 to `at_most`, the number `of`.

    Raises:
        ValueError: says what was given and what is wanted.
    """
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or value < 1:
        raise ValueError(f"{name} must be a whole number, 1 or more; got {value!r}")
    if at_most is not None and value > at_most:
        raise ValueError(f"{name} is {value}, but there are only {at_most} {of}")


def tolerance(name: str, value: float) -> None:
    """Refuse a tolerance that is negative or NaN.

    Raises:
        ValueError: says what was given and what is wanted.
    """
    if not value >= 0:
        raise ValueError(f"{name} must be 0 or more; got {value!r}")


def binary(x: Float[ndarray, "N D"]) -> None:
    """Refuse observations with other entries than 0 and 1.

    Raises:
        ValueError: names the first such entry, and how to make zeros and ones.
    """
    other = (x != 0) & (x != 1)
    if other.any():
        row, column = np.unravel_index(other.argmax(), other.shape)
        raise ValueError(
            f"x must hold zeros and ones; x[{row}, {column}] is {x[row, column]:g}, "
            f"and {np.count_nonzero(other)} of {x.size} entries are neither: compare "
            "grey levels with a threshold, as in x > 127"
        )


def features(x: Float[ndarray, "N D"], wanted: int) -> None:
    """Refuse observations with another number of features than the model was fitted to.

    Raises:
        ValueError: says both numbers.
    """
    if x.shape[1] != wanted:
        raise ValueError(f"x has {x.shape[1]} features a row; the model has {wanted}")


def probabilities(name: str, p: ArrayLike) -> Float[ndarray, " K"]:
    """A finite distribution as doubles: no number negative, their sum one.

    Raises:
        ValueError: says what is wrong with it.
    """
    p = np.asarray(p, dtype=np.float64)
    if p.ndim != 1 or p.size == 0:
        raise ValueError(f"{name} must be a vector of probabilities; got {p.shape}")
    if not (p >= 0).all():  # NaN fails, too
        worst = p[np.flatnonzero(~(p >= 0))[0]]
        raise ValueError(f"{name} must not be negative or NaN anywhere; got {worst}")
    if not abs(p.sum() - 1) < 1e-8:
        raise ValueError(f"{name} must sum to one; got {p.sum():.9g}: normalise it")
    return p


def labels(y: ArrayLike, n: int, n_classes: int, *, unknown: int) -> Int[ndarray, " N"]:
    """The labels as whole numbers from 0 to C - 1, or `unknown`, one a row.

    Raises:
        ValueError: not one a row, not whole numbers, or out of range.
    """
    given = np.asarray(y)
    if given.shape != (n,):
        raise ValueError(f"labels must have shape ({n},), one a row; got {given.shape}")
    if given.dtype.kind not in "iu":
        raise ValueError(
            f"labels must be whole numbers, {unknown} where the class is not known; "
            f"got {given.dtype} such as {given.tolist()[0]!r}"
        )
    bad = (given != unknown) & ((given < 0) | (given >= n_classes))
    if bad.any():
        row = int(bad.argmax())
        raise ValueError(
            f"labels must be 0 to {n_classes - 1}, or {unknown} where the class is not "
            f"known; labels[{row}] is {given[row]}"
        )
    return given.astype(np.int64)
