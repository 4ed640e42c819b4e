"""What the letters of a formula mean, and how admissible values are drawn.

A chapter declares `given`: a dict from letter to domain. Tables are declared with the
sizes of their axes, `Real("N", "D")` for an N x D table whose rows are vectors. Values
are drawn as dyadic fractions from more than 10**6 candidates, never degenerate:
labels and binary entries vary, simplex rows differ, matrices have full rank.
Premises are part of the domain (`Simplex` rows sum to one) and can be left out by
declaring a larger domain, which is how a claim shows that it needs them.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

GRAIN = 2**20


@dataclass(frozen=True)
class Domain:
    """A letter; `axes` are the sizes that its indices run over."""

    axes: tuple[str, ...] = ()

    def __init__(self, *axes: str):
        object.__setattr__(self, "axes", axes)

    positive = False

    def draw(self, shape: tuple[int, ...], rng: random.Random, plain: bool) -> Any:
        """A table of this shape; `plain` asks for small readable numbers."""
        return table(shape, lambda: self.one(rng, plain))

    def one(self, rng: random.Random, plain: bool) -> Any:
        """One entry."""
        raise NotImplementedError


def table(shape: tuple[int, ...], entry: Callable[[], Any]) -> Any:
    """An object array filled entry by entry, or a bare number for shape ()."""
    if not shape:
        return entry()
    out = np.empty(shape, object)
    flat = [entry() for _ in range(out.size)]
    out.reshape(-1)[:] = flat
    return out


def between(rng: random.Random, low: Fraction, high: Fraction) -> Fraction:
    """A dyadic fraction strictly between the ends."""
    first = (low * GRAIN).__floor__() + 1
    last = (high * GRAIN).__ceil__() - 1
    return Fraction(rng.randint(first, last), GRAIN)


@dataclass(frozen=True)
class Size:
    """A whole number of things. Sizes differ from each other within an instance.

    `below` and `above` name another size: `Size(below="D")` for a rank, and
    `Size(above="D")` for enough observations to make a covariance invertible.
    """

    low: int = 2
    high: int = 5
    below: str = ""
    above: str = ""


@dataclass(frozen=True)
class Index:
    """A letter that counts from `start` to the size `upto`."""

    upto: str
    start: int = 1


@dataclass(frozen=True)
class Outcome:
    """A variable with finitely many values; its number of values is a hidden size."""

    low: int = 2
    high: int = 4


class Real(Domain):
    """Any real numbers, not zero; a table has both signs, a number alternates."""

    def draw(self, shape: tuple[int, ...], rng: random.Random, plain: bool) -> Any:
        """Both signs occur where there is room."""
        out = super().draw(shape, rng, plain)
        if np.size(out) > 1 and len({v > 0 for v in out.flat}) == 1:
            k = rng.randrange(out.size)
            out.flat[k] = -out.flat[k]
        return out

    def one(self, rng: random.Random, plain: bool) -> Any:
        """Magnitude in (1/4, 3), either sign."""
        if plain:
            return Fraction(rng.choice((-3, -2, -1, 1, 2, 3)))
        size = between(rng, Fraction(1, 4), Fraction(3))
        return size if rng.random() < 0.5 else -size


class Positive(Domain):
    """Positive reals."""

    positive = True

    def one(self, rng: random.Random, plain: bool) -> Any:
        """In (1/4, 3)."""
        if plain:
            return Fraction(rng.randint(1, 5))
        return between(rng, Fraction(1, 4), Fraction(3))


class Negative(Positive):
    """Negative reals, mostly to leave out the premise of positivity."""

    positive = False

    def one(self, rng: random.Random, plain: bool) -> Any:
        """In (-3, -1/4)."""
        return -super().one(rng, plain)


class Unit(Positive):
    """Reals strictly between 0 and 1."""

    def one(self, rng: random.Random, plain: bool) -> Any:
        """In (1/20, 19/20)."""
        if plain:
            return Fraction(rng.randint(1, 9), 10)
        return between(rng, Fraction(1, 20), Fraction(19, 20))


@dataclass(frozen=True)
class Between(Domain):
    """Reals strictly between two numbers."""

    low: Fraction = Fraction(0)
    high: Fraction = Fraction(1)

    def __init__(self, low: float, high: float, *axes: str):
        object.__setattr__(self, "axes", axes)
        object.__setattr__(self, "low", Fraction(low))
        object.__setattr__(self, "high", Fraction(high))

    def one(self, rng: random.Random, plain: bool) -> Any:
        """Inside, away from the ends."""
        margin = (self.high - self.low) / 50
        if plain:
            return self.low + (self.high - self.low) * Fraction(rng.randint(1, 9), 10)
        return between(rng, self.low + margin, self.high - margin)


class Simplex(Positive):
    """Positive numbers whose sum over the last axis is one."""

    def draw(self, shape: tuple[int, ...], rng: random.Random, plain: bool) -> Any:
        """Normalised positive weights, rows unlike each other."""
        low, high = (1, 5) if plain else (GRAIN // 8, GRAIN)
        weights = table(shape, lambda: rng.randint(low, high))
        flat = weights.reshape(-1, shape[-1])
        out = np.empty(flat.shape, object)
        for i, row in enumerate(flat):
            out[i] = [Fraction(w, sum(row)) for w in row]
        return out.reshape(shape)


class Binary(Domain):
    """Zeros and ones, both present."""

    def draw(self, shape: tuple[int, ...], rng: random.Random, plain: bool) -> Any:
        """Not constant in any column of the first axis, where there is room."""
        if not shape:
            return rng.randint(0, 1)
        flat = np.empty((shape[0], int(np.prod(shape[1:], dtype=int))), object)
        for d in range(flat.shape[1]):
            column = [rng.randint(0, 1) for _ in range(shape[0])]
            if shape[0] > 1 and len(set(column)) == 1:
                column[rng.randrange(shape[0])] ^= 1
            flat[:, d] = column
        return flat.reshape(shape)


class OneHot(Domain):
    """Zeros with a single one along the last axis; every class occurs if it can."""

    def draw(self, shape: tuple[int, ...], rng: random.Random, plain: bool) -> Any:
        """Shuffled classes."""
        classes = shape[-1]
        rows = int(np.prod(shape[:-1], dtype=int))
        order = shuffled(rows, classes, rng)
        out = np.empty((rows, classes), object)
        for i, c in enumerate(order):
            out[i] = [int(c == j) for j in range(classes)]
        return out.reshape(shape)


@dataclass(frozen=True)
class Label(Domain):
    """Whole-number labels `start`, `start`+1, ... of `classes` classes."""

    classes: str | int = 2
    start: int = 1

    def __init__(self, *axes: str, classes: str | int = 2, start: int = 1):
        object.__setattr__(self, "axes", axes)
        object.__setattr__(self, "classes", classes)
        object.__setattr__(self, "start", start)


@dataclass(frozen=True)
class Observed(Domain):
    """A table of observed outcomes, such as the x_n in p(x_n, z): not constant."""

    low = 2
    high = 4


def shuffled(rows: int, classes: int, rng: random.Random) -> list[int]:
    """Class numbers from 0, each class present where rows allow it."""
    first = rng.sample(range(classes), min(rows, classes))
    rest = [rng.randrange(classes) for _ in range(rows - len(first))]
    order = first + rest
    rng.shuffle(order)
    return order
