"""Determinant, inverse and equality in any of the three kinds of numbers."""

from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp
from mpmath import mp, mpf

from claims.arrays import shaped
from claims.fields import DIGITS, Field, Undefined


def determinant(a: np.ndarray, field: Field) -> Any:
    """Determinant by elimination (symbolic: by SymPy)."""
    rows, columns = a.shape
    if rows != columns:
        raise Undefined("determinant of a matrix that is not square")
    if field.symbolic:
        return sp.Matrix(a.tolist()).det(method="berkowitz")
    work, value = a.tolist(), field.number(Fraction(1))
    for k in range(rows):
        pivot = next((i for i in range(k, rows) if work[i][k] != 0), None)
        if pivot is None:
            return 0
        if pivot != k:
            work[k], work[pivot], value = work[pivot], work[k], -value
        value *= work[k][k]
        for i in range(k + 1, rows):
            factor = field.divide(work[i][k], work[k][k])
            work[i] = [x - factor * y for x, y in zip(work[i], work[k], strict=True)]
    return value


def inverse(a: np.ndarray, field: Field) -> np.ndarray:
    """Inverse by Gauss-Jordan elimination (symbolic: by the adjugate)."""
    rows, columns = a.shape
    if rows != columns:
        raise Undefined("inverse of a matrix that is not square")
    out = np.empty((rows, rows), object)
    if field.symbolic:
        found = sp.Matrix(a.tolist()).adjugate() / determinant(a, field)
        out[:] = found.tolist()
        return out
    work = [[*row, *(int(i == j) for j in range(rows))] for i, row in enumerate(a)]
    for k in range(rows):
        order = range(k, rows)
        pivot = max(order, key=lambda i: abs(work[i][k])) if not field.exact else None
        if pivot is None:
            pivot = next((i for i in order if work[i][k] != 0), k)
        if work[pivot][k] == 0:
            raise Undefined("a matrix without inverse")
        work[k], work[pivot] = work[pivot], work[k]
        head = work[k][k]
        work[k] = [field.divide(x, head) for x in work[k]]
        for i in range(rows):
            if i != k and work[i][k] != 0:
                factor = work[i][k]
                work[i] = [
                    x - factor * y for x, y in zip(work[i], work[k], strict=True)
                ]
    out[:] = [row[rows:] for row in work]
    return out


def close(a: Any, b: Any, tolerance: Any = None) -> bool:
    """Equality: exact for fractions, to 30 of 40 digits for reals, 1e-8 for floats."""
    x, y = (np.asarray(v, object) for v in shaped(a, b))
    if x.size != y.size or not (same_shape(x, y) or same_shape(y, x)):
        return False
    return all(
        _close(u, v, tolerance)
        for u, v in zip(x.ravel().tolist(), y.ravel().tolist(), strict=True)
    )


def _close(a: Any, b: Any, tolerance: Any) -> bool:
    exact = isinstance(a, int | Fraction) and isinstance(b, int | Fraction)
    if exact and tolerance is None:
        return a == b
    if tolerance is None:
        coarse = isinstance(a, float) or isinstance(b, float)
        tolerance = mpf(10) ** (-8 if coarse else -(DIGITS - 12))
    x, y = real(a), real(b)
    if not (mp.isfinite(x) and mp.isfinite(y)):
        return x == y
    return abs(x - y) <= tolerance * (1 + abs(x) + abs(y))


def same_shape(found: Any, meant: Any) -> bool:
    """Whether a value has the shape that is meant; a vector is a column, not a row."""
    a, b = np.shape(found), np.shape(meant)
    return a == b or (len(b) == 1 and a == (*b, 1)) or (b == () and np.size(found) == 1)


def real(a: Any) -> Any:
    """Any number as a 40-digit real."""
    if isinstance(a, Fraction):
        return mpf(a.numerator) / a.denominator
    if isinstance(a, np.generic):
        return mpf(a.item())
    return mpf(a)
