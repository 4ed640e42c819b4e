"""Random admissible instances: different sizes, then a value for each letter."""

import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from claims.domains import (
    Defined,
    DefinedValues,
    Derived,
    Distribution,
    Domain,
    Given,
    Index,
    Joint,
    Label,
    Observed,
    Opaque,
    Outcome,
    Real,
    Size,
    Values,
    between,
    shuffled,
    table,
)
from claims.fields import EXACT, Field, Undefined
from claims.linear import real
from claims.nodes import Equation, Node

Lookup = Callable[[str], Equation]


def axis(spec: str | int) -> tuple[str, int]:
    """The size and the first index of an axis: `"N"`, `"2"`, `"0:2"`."""
    if isinstance(spec, int):
        return str(spec), 1
    start, _, size = spec.rpartition(":")
    return size, int(start or 1)


def draw_sizes(given: Given, rng: random.Random, plain: bool) -> dict[str, int]:
    """Different values for all sizes and all hidden numbers of outcomes."""
    sized: dict[str, Any] = {
        k: v for k, v in given.items() if isinstance(v, Size | Outcome | Observed)
    }
    spare = max(0, len(sized) - 4)
    for attempt in range(400):
        drawn: dict[str, int] = {}
        for name, size in sized.items():
            high = size.high + spare + attempt // 40
            stop = min(high, size.low + len(sized)) if plain else high
            drawn[name] = rng.randint(size.low, max(size.low, stop))
        different = len(set(drawn.values())) == len(drawn)
        gap = 1 if plain or attempt > 200 else 2
        orders = [(k, v.below) for k, v in sized.items() if getattr(v, "below", "")]
        orders += [(v.above, k) for k, v in sized.items() if getattr(v, "above", "")]
        ordered = all(
            drawn[low] + (gap if getattr(sized[low], "below", "") else 1) <= drawn[high]
            for low, high in orders
        )
        if different and ordered:
            return drawn
    raise ValueError("no different sizes fit the declared limits")


class Instance:
    """Values for every letter; `e.x` is its table, `e.k` the index being tried.

    Tables are NumPy object arrays counted from 0 (so `e.x[e.k - 1]` is the row that the
    book calls x_k); `e.floats("x")` gives machine floats for a reference that needs
    them. `e.with_values(x=...)` is a copy in which derived letters are recomputed.
    """

    def __init__(
        self,
        given: Given,
        values: dict[str, Any],
        field: Field,
        lookup: Lookup,
        seed: int = 0,
    ):
        self.given, self.values, self.field = given, values, field
        self.lookup, self.seed = lookup, seed
        self.scope: dict[str, Any] = {}
        self.cache: dict[Any, Any] = {}
        self.memo: dict[Any, Any] = {}
        self.deriving: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self[name]

    def __getitem__(self, name: str) -> Any:
        """The value of a letter: a bound index first, then the tables."""
        if name in self.scope:
            return self.scope[name]
        if name in self.values:
            return self.values[name]
        found = self.cache.get(name)
        if found is None:
            if name in self.deriving:
                raise Undefined(f"{name} is defined by itself")
            self.deriving.add(name)
            try:
                found = self.cache[name] = self.derive(name)
            finally:
                self.deriving.discard(name)
        return found

    def derive(self, name: str) -> Any:
        """The table of a derived or defined letter."""
        domain = self.given.get(name)
        if isinstance(domain, Derived):
            scope, self.scope = self.scope, {}
            value = domain.rule(self)
            self.scope = scope
            return self.convert(value)
        if isinstance(domain, Defined | DefinedValues):
            from claims.numbers import defined_table  # noqa: PLC0415

            return defined_table(name, domain, self)
        raise KeyError(name)

    def convert(self, value: Any) -> Any:
        """A drawn value in the numbers of this instance."""
        if isinstance(value, np.ndarray):
            return table_like(value, self.field.take)
        return self.field.take(value)

    def floats(self, name: str) -> Any:
        """A letter in machine floats."""
        value = self[name]
        if isinstance(value, np.ndarray):
            return np.array([float(v) for v in value.ravel()]).reshape(value.shape)
        return float(value)

    def reals(self, name: str) -> Any:
        """A letter in 40-digit reals."""
        value = self[name]
        return table_like(value, real) if isinstance(value, np.ndarray) else real(value)

    def with_values(self, **changes: Any) -> "Instance":
        """A copy with some letters exchanged."""
        values = {**self.values, **changes}
        other = Instance(self.given, values, self.field, self.lookup, self.seed)
        other.scope, other.memo = dict(self.scope), self.memo
        return other

    def size(self, spec: str | int) -> int:
        """The length of an axis."""
        name = axis(spec)[0]
        return int(name) if name.isdigit() else int(self[name])

    def extent(self, letter: str) -> range | None:
        """The declared range of an index or outcome letter, primes ignored."""
        domain = self.given.get(letter, self.given.get(letter.rstrip("'")))
        if isinstance(domain, Index):
            return range(domain.start, domain.start + self.size(domain.upto))
        if isinstance(domain, Outcome | Observed):
            return range(1, self.values["#" + letter.rstrip("'")] + 1)
        return None


def table_like(value: np.ndarray, change: Callable[[Any], Any]) -> np.ndarray:
    """An object array changed entry by entry."""
    flat = iter(value.ravel().tolist())
    return table(value.shape, lambda: change(next(flat)))


def draw(
    given: Given,
    seed: int,
    field: Field = EXACT,
    lookup: Lookup | None = None,
    plain: bool = False,
) -> Instance:
    """One admissible instance; the same seed gives the same values in every field."""
    rng = random.Random(f"{seed}{'plain' if plain else ''}")
    sizes = draw_sizes(given, rng, plain)
    values: dict[str, Any] = {}
    for name, domain in given.items():
        if isinstance(domain, Size | Outcome | Observed):
            values[name if isinstance(domain, Size) else "#" + name] = sizes[name]
    chosen = Instance(given, values, field, lookup or _no_book, seed)
    for place, (name, domain) in enumerate(given.items()):
        value = draw_one(name, domain, chosen, rng, plain)
        if type(domain) is Real and not domain.axes:
            value = abs(value) * (-1) ** sign_bit(seed, place)
        if value is not None:
            values[name] = chosen.convert(value)
    return chosen


def sign_bit(seed: int, place: int) -> int:
    """A bit that takes both values within any three seeds from 0, 4, 8, ..."""
    low, high = seed & 1, (seed >> 1) & 1
    return (low, high, low ^ high)[place % 3]


def _no_book(label: str) -> Equation:
    raise KeyError(label)


def draw_one(  # noqa: PLR0911
    name: str, domain: Any, e: Instance, rng: random.Random, plain: bool
) -> Any:
    """The value of one letter, or None for sizes, indices and derived letters."""
    if isinstance(domain, Observed):
        shape = tuple(e.size(a) for a in domain.axes)
        classes = len(e.extent(name) or ())
        values = iter(shuffled(int(np.prod(shape, dtype=int)), classes, rng))
        return table(shape, lambda: next(values) + 1)
    if isinstance(domain, Label):
        shape = tuple(e.size(a) for a in domain.axes)
        classes = e.size(domain.classes)
        order = iter(shuffled(int(np.prod(shape, dtype=int)), classes, rng))
        return table(shape, lambda: next(order) + domain.start)
    if isinstance(domain, Domain):
        return domain.draw(tuple(e.size(a) for a in domain.axes), rng, plain)
    if isinstance(domain, Values):
        return domain.kind.draw(_outcomes(domain.of, e), rng, plain)
    if isinstance(domain, Distribution):
        return normalised(_outcomes(domain.on, e), _outcomes(domain.of, e), rng, plain)
    if isinstance(domain, Joint):
        return normalised((), _outcomes(domain.of, e), rng, plain)
    if isinstance(domain, Opaque):
        size = Fraction(1, 2)
        return table((domain.arity, 4), lambda: between(rng, -size, size))
    return None


def _outcomes(letters: tuple[str, ...], e: Instance) -> tuple[int, ...]:
    """How many values each outcome letter has."""
    return tuple(len(e.extent(letter) or ()) for letter in letters)


def normalised(
    on: tuple[int, ...], of: tuple[int, ...], rng: random.Random, plain: bool
) -> np.ndarray:
    """Positive tables that sum to one over the axes `of`."""
    low, high = (1, 5) if plain else (2**17, 2**20)
    rows = int(np.prod(on, dtype=int))
    out = np.empty((rows, int(np.prod(of, dtype=int))), object)
    for i in range(rows):
        weights = [rng.randint(low, high) for _ in range(out.shape[1])]
        out[i] = [Fraction(w, sum(weights)) for w in weights]
    return out.reshape(*on, *of)


def free_indices(nodes: tuple[Node, ...], given: Given) -> list[str]:
    """Index and outcome letters that occur unbound, in order of appearance."""
    from claims.letters import free_letters  # noqa: PLC0415

    found: dict[str, None] = {}
    for node in nodes:
        for name in free_letters(node):
            if isinstance(given.get(name), Index | Outcome):
                found[name] = None
    return list(found)
