"""Sums and products of numbers, columns and matrices; nothing is broadcast."""

from collections.abc import Callable
from typing import Any

import numpy as np

from claims.fields import Undefined


class Eye:
    """A multiple of the identity of a size not written."""

    def __init__(self, factor: Any = 1):
        self.factor = factor

    def of(self, size: int) -> np.ndarray:
        """The matrix of this size."""
        out = np.zeros((size, size), object)
        for i in range(size):
            out[i, i] = self.factor
        return out

    def like(self, other: np.ndarray) -> np.ndarray:
        """The matrix of the size of another."""
        return self.of(len(other))


class Null(Eye):
    """The zero of a shape not written: a vector or a matrix."""

    def __init__(self, factor: Any = 0):
        super().__init__(0 * factor)

    def like(self, other: np.ndarray) -> np.ndarray:
        """The zeros of the shape of another."""
        return np.zeros(other.shape, object)


def shaped(a: Any, b: Any) -> tuple[Any, Any]:
    """Two values; an identity or zero of unwritten size takes that of the other."""
    if isinstance(a, Eye) and isinstance(b, np.ndarray):
        a = a.like(b)
    if isinstance(b, Eye) and isinstance(a, np.ndarray):
        b = b.like(a)
    return a, b


def settle(a: Any) -> Any:
    """A 1 x 1 matrix as a number."""
    return a[0, 0] if isinstance(a, np.ndarray) and a.shape == (1, 1) else a


def lift(a: Any) -> Any:
    """A row of a table as a column."""
    return a.reshape(-1, 1) if isinstance(a, np.ndarray) and a.ndim == 1 else a


def shape(a: Any) -> tuple[int, ...]:
    """The shape of a value; numbers have none."""
    return a.shape if isinstance(a, np.ndarray) else ()


def add(a: Any, b: Any, sign: int = 1) -> Any:
    """Sum or difference of equal shapes."""
    a, b = shaped(a, b)
    if isinstance(a, Eye) and isinstance(b, Eye):
        both = Null if isinstance(a, Null) and isinstance(b, Null) else Eye
        return both(a.factor + sign * b.factor)
    if shape(a) != shape(b) or isinstance(a, Eye) or isinstance(b, Eye):
        raise Undefined(f"a sum of shapes {shape(a)} and {shape(b)}")
    return a + b if sign > 0 else a - b


def multiply(a: Any, b: Any) -> Any:
    """Product of numbers and matrices."""
    if isinstance(a, Eye) or isinstance(b, Eye):
        eye, other = (a, b) if isinstance(a, Eye) else (b, a)
        if Null in (type(a), type(b)):
            if isinstance(other, np.ndarray | Eye):
                raise Undefined("a product with a zero of unknown shape")
            return Null()
        if isinstance(other, np.ndarray):
            return other * eye.factor
        return Eye(eye.factor * (other.factor if isinstance(other, Eye) else other))
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        if a.shape[-1] != b.shape[0]:
            raise Undefined(f"a product of shapes {a.shape} and {b.shape}")
        return settle(a @ b)
    return a * b


def scalar(a: Any) -> Any:
    """Insist on a number."""
    if isinstance(a, np.ndarray | Eye):
        raise Undefined("a matrix where a number is needed")
    return a


def squares(a: Any) -> Any:
    """The sum of the squares of all entries."""
    if isinstance(a, Eye):
        raise Undefined("the norm of an identity without size")
    return sum(x * x for x in np.ravel(a).tolist()) if np.ndim(a) else a * a


def entries(a: np.ndarray, rule: Callable[[Any], Any]) -> np.ndarray:
    """A function applied to each entry."""
    out = np.empty(a.shape, object)
    out.reshape(-1)[:] = [rule(x) for x in a.ravel().tolist()]
    return out


def stacked(out: np.ndarray) -> np.ndarray:
    """A table of vectors or matrices as one array."""
    if not isinstance(out.flat[0], np.ndarray):
        return out
    inner = out.flat[0].shape
    whole = np.empty((out.size, *inner), object)
    for i, cell in enumerate(out.ravel()):
        whole[i] = cell
    return whole.reshape(*out.shape, *inner)


def hadamard(a: Any, b: Any) -> Any:
    """Entrywise product of equal shapes."""
    if shape(a) != shape(b) or isinstance(a, Eye) or isinstance(b, Eye):
        raise Undefined(f"an entrywise product of shapes {shape(a)}, {shape(b)}")
    return a * b


def transposed(a: Any) -> Any:
    """A transpose; numbers are their own."""
    return a.T if isinstance(a, np.ndarray) else a
