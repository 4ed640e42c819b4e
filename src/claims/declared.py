"""Declarations in SymPy: symbols, families, premises and signs."""

from typing import Any

import sympy as sp

from claims.domains import (
    Binary,
    Definite,
    Distribution,
    Domain,
    Given,
    Index,
    Joint,
    Label,
    OneHot,
    Orthonormal,
    Simplex,
    Unit,
)
from claims.fields import Undefined
from claims.instances import axis


class NotScalar(Undefined):
    """The formula is outside the part that becomes SymPy."""


def size_symbol(name: str) -> Any:
    """A size, or a number if the axis has a fixed length."""
    if name.isdigit():
        return sp.Integer(name)
    return sp.Symbol(name, integer=True, positive=True)


def index_symbol(name: str) -> Any:
    """An index letter."""
    return sp.Symbol(name, integer=True)


def base_of(name: str, given: Given) -> Any:
    """The family of quantities that a letter stands for."""
    domain = given.get(name)
    positive = getattr(domain, "positive", False) or isinstance(
        domain, Distribution | Joint
    )
    positive = positive or getattr(getattr(domain, "kind", None), "positive", False)
    return sp.IndexedBase(name, positive=True) if positive else sp.IndexedBase(name)


def letter_symbol(name: str, given: Given) -> Any:
    """A scalar letter."""
    if getattr(given.get(name), "positive", False):
        return sp.Symbol(name, positive=True)
    return sp.Symbol(name, real=True)


def premises_of(given: Given) -> list[Any]:
    """What the declarations assert, as equalities that a proof may use."""
    out: list[Any] = []
    for name, domain in given.items():
        base = base_of(name, given)
        specs = getattr(domain, "axes", ()) if isinstance(domain, Domain) else ()
        places = [index_symbol(f"i{k}") for k in range(len(specs))]
        if isinstance(domain, Simplex | OneHot) and specs:
            out.append((_over(base[tuple(places)], places[-1], specs[-1]), 1))
        if isinstance(domain, Binary | OneHot) and specs:
            out.append((base[tuple(places)] ** 2, base[tuple(places)]))
        if isinstance(domain, Definite):
            from claims.premises import Symmetric  # noqa: PLC0415

            out += [Symmetric(base), Symmetric(sp.IndexedBase(name + "_inv"))]
        if isinstance(domain, Orthonormal):
            i, j, c = (index_symbol(name) for name in ("i0", "i1", "c0"))
            size = size_symbol(axis(domain.axes[0])[0])
            gram = sp.Sum(base[c, i] * base[c, j], (c, 1, size))
            out.append((gram, sp.KroneckerDelta(i, j)))
            if domain.axes[0] == domain.axes[1]:  # square: the rows are, too
                rows = sp.Sum(base[i, c] * base[j, c], (c, 1, size))
                out.append((rows, sp.KroneckerDelta(i, j)))
        if isinstance(domain, Label):
            places.append(index_symbol("j"))
            family: Any = sp.IndexedBase(f"is_{name}")
            kind = family[tuple(places)]
            size = axis(domain.classes)[0]
            last = size_symbol(size) + domain.start - 1
            out.append((sp.Sum(kind, (places[-1], domain.start, last)), 1))
        if isinstance(domain, Distribution):
            on = [index_symbol(v) for v in domain.on]
            of = [index_symbol(v) for v in domain.of]
            limits = [(v, *_extent(v.name, given)) for v in of]
            out.append((sp.Sum(base[(*on, *of)], *limits), 1))
    return out


def assumptions_of(given: Given) -> list[Any]:
    """What the declarations assert to be non-negative, for gap proofs."""
    from claims import nonnegative  # noqa: PLC0415

    out: list[Any] = []
    for name, domain in given.items():
        base, kind = base_of(name, given), getattr(domain, "kind", domain)
        count = len(getattr(domain, "axes", getattr(domain, "of", ())))
        places = tuple(index_symbol(f"i{k}") for k in range(count))
        if isinstance(domain, Definite):
            inverse = sp.IndexedBase(name + "_inv")
            out += [nonnegative.Definite(base), nonnegative.Definite(inverse)]
        if isinstance(kind, Unit | Binary | OneHot) and count:
            out += [base, 1 - base[places]]
        if isinstance(domain, Label):
            out.append(sp.IndexedBase(f"is_{name}"))
        if isinstance(kind, Unit) and not count:
            out.append(1 - letter_symbol(name, given))
    return out


def _extent(letter: str, given: Given) -> tuple[Any, Any]:
    """First and last value of an outcome letter, which may be declared an index."""
    domain = given.get(letter)
    if isinstance(domain, Index):
        size = size_symbol(axis(domain.upto)[0])
        return domain.start, size + domain.start - 1
    return 1, size_symbol(f"n_{letter}")


def _over(entry: Any, letter: Any, spec: Any) -> Any:
    size, start = axis(spec)
    return sp.Sum(entry, (letter, start, size_symbol(size) + start - 1))
