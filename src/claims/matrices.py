"""Letters that are matrices with a property: definite, invertible, orthonormal."""

import random
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from claims.tables import Domain, between, table


class Definite(Domain):
    """Symmetric positive definite matrices in the last two axes."""

    def draw(self, shape: tuple[int, ...], rng: random.Random, plain: bool) -> Any:
        """A A^T + I/2 (plain: A A^T + I, small whole numbers)."""
        size = shape[-1]
        out = np.empty(shape, object)
        for place in np.ndindex(*shape[:-2]):
            a = table(
                (size, size),
                lambda: (
                    Fraction(rng.randint(-1, 1))
                    if plain
                    else Fraction(rng.randint(-1024, 1024), 1024)
                ),
            )
            shift = Fraction(1 if plain else Fraction(1, 2))
            square = a @ a.T
            for i in range(size):
                square[i, i] = square[i, i] + shift
            out[place] = square
        return out


class Invertible(Domain):
    """Square matrices of full rank, determinant of either sign."""

    def draw(self, shape: tuple[int, ...], rng: random.Random, plain: bool) -> Any:
        """Diagonally dominant with random signs and shuffled rows."""
        size = shape[-1]
        out = np.empty(shape, object)
        for place in np.ndindex(*shape[:-2]):
            a = table((size, size), lambda: between(rng, Fraction(-1), Fraction(1)))
            for i in range(size):
                a[i, i] = a[i, i] + rng.choice((-1, 1)) * size
            out[place] = a[rng.sample(range(size), size)]
        return out


class Orthonormal(Domain):
    """Matrices with orthonormal columns, exact (products of reflections)."""

    def draw(self, shape: tuple[int, ...], rng: random.Random, plain: bool) -> Any:
        """The first columns of a product of random reflections."""
        rows, columns = shape
        q = np.array(
            [[Fraction(int(i == j)) for j in range(rows)] for i in range(rows)], object
        )
        for _ in range(rows):
            v = table((rows,), lambda: Fraction(rng.choice((-3, -2, -1, 1, 2, 3))))
            q = q - np.outer(q @ v, v) * (Fraction(2) / (v @ v))
        return q[:, :columns]


@dataclass(frozen=True)
class Permutation(Domain):
    """Permutation matrices."""

    def __init__(self, *axes: str):
        object.__setattr__(self, "axes", axes)

    def draw(self, shape: tuple[int, ...], rng: random.Random, plain: bool) -> Any:
        """A shuffled identity."""
        size = shape[-1]
        order = rng.sample(range(size), size)
        return table_of(
            [[int(order[i] == j) for j in range(size)] for i in range(size)]
        )


def table_of(rows: Any) -> np.ndarray:
    """Nested lists as an object array."""
    return np.array(rows, dtype=object)
