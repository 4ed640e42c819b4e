"""Three kinds of numbers: exact fractions, 40-digit reals, SymPy expressions.

A formula is evaluated with one kind throughout; nothing falls back to machine floats.
The exact kind raises `NeedsReals` at the first logarithm, root or transcendental
function, and the caller starts again with reals.
"""

import math
from fractions import Fraction
from typing import Any

import sympy as sp
from mpmath import mp, mpf

DIGITS = 40
EXPONENTIAL = ("exp", "cosh", "sinh")
# mpmath has no underflow, but must take its time. Quadrature over the whole line goes
# out to 10**45, where the exponent of a normal density is of the order of 10**90.
LARGEST, SMALLEST = 10**6, 10**100


class Undefined(Exception):  # noqa: N818
    """The formula has no value here: log of a negative, division by 0, shapes."""


class NeedsReals(Exception):  # noqa: N818
    """Exact fractions do not suffice for this formula."""


class Field:
    """Exact fractions; the base of the other kinds."""

    exact = True
    symbolic = False

    def number(self, value: Fraction) -> Any:
        """A constant of the formula."""
        return int(value) if value.denominator == 1 else value

    def take(self, value: Any) -> Any:
        """A drawn value, as this kind of number."""
        return value

    def divide(self, a: Any, b: Any) -> Any:
        """Quotient."""
        if b == 0:
            raise Undefined("division by zero")
        return Fraction(a) / b

    def power(self, a: Any, b: Any) -> Any:
        """Power; integers only."""
        if b != int(b):
            raise NeedsReals
        if a == 0 and b < 0:
            raise Undefined("division by zero")
        if abs(b) > 64:
            raise Undefined("a very large power")
        return Fraction(a) ** int(b)

    def function(self, name: str, a: Any) -> Any:
        """Elementary function of one number."""
        if name in ("floor", "ceil"):
            return math.floor(a) if name == "floor" else math.ceil(a)
        if name == "sign":
            return (a > 0) - (a < 0)
        if name == "abs":
            return abs(a)
        raise NeedsReals

    def pi(self) -> Any:
        """The number pi."""
        raise NeedsReals

    def integer(self, a: Any) -> int:
        """A limit or index, which must be whole."""
        if a != int(a):
            raise Undefined("an index or limit that is not whole")
        return int(a)


def _positive(a: Any) -> Any:
    if a <= 0:
        raise Undefined("logarithm of a number that is not positive")
    return a


class RealField(Field):
    """Multiprecision reals with 40 digits; whole numbers stay whole."""

    exact = False
    table: Any = {  # noqa: RUF012
        "log": lambda a: mp.log(_positive(a)),
        "ln": lambda a: mp.log(_positive(a)),
        "exp": mp.exp,
        "tanh": mp.tanh,
        "cosh": mp.cosh,
        "sinh": mp.sinh,
        "sin": mp.sin,
        "cos": mp.cos,
        "arccos": mp.acos,
        "arctan": mp.atan,
        "sigmoid": lambda a: 1 / (1 + mp.exp(-a)),
        "softplus": lambda a: mp.log(1 + mp.exp(a)),
        "logit": lambda a: mp.log(_positive(a)) - mp.log(_positive(1 - a)),
        "sqrt": mp.sqrt,
    }

    def number(self, value: Fraction) -> Any:
        """A constant of the formula."""
        if value.denominator == 1:
            return int(value)
        return mpf(value.numerator) / value.denominator

    def take(self, value: Any) -> Any:
        """A drawn value, as this kind of number."""
        return self.number(value) if isinstance(value, Fraction) else value

    def divide(self, a: Any, b: Any) -> Any:
        """Quotient."""
        if b == 0:
            raise Undefined("division by zero")
        return mpf(a) / b

    def power(self, a: Any, b: Any) -> Any:
        """Power, never complex."""
        if b == int(b) and abs(b) < 64:
            if a == 0 and b < 0:
                raise Undefined("division by zero")
            return mpf(a) ** int(b)
        if a < 0 or (a == 0 and b < 0):
            raise Undefined("a broken power of a negative number")
        return mp.power(a, b)

    def function(self, name: str, a: Any) -> Any:
        """Elementary function of one number."""
        if name in ("floor", "ceil"):
            return int(mp.floor(a) if name == "floor" else mp.ceil(a))
        if name not in self.table:
            return super().function(name, a)
        if name in EXPONENTIAL and (a if name == "exp" else abs(a)) > LARGEST:
            raise Undefined("a very large exponential")
        if name in EXPONENTIAL and abs(a) > SMALLEST:
            raise Undefined("a very small exponential")
        value = self.table[name](a)
        if not isinstance(value, mpf | int):
            raise Undefined("a complex value")
        return value

    def pi(self) -> Any:
        """The number pi."""
        return +mp.pi


class SymbolicField(Field):
    """SymPy expressions, for proofs at stated sizes."""

    symbolic = True
    table: Any = {"log": sp.log, "ln": sp.log, "arccos": sp.acos, "arctan": sp.atan}  # noqa: RUF012

    def number(self, value: Fraction) -> Any:
        """A constant of the formula."""
        return sp.Rational(value.numerator, value.denominator)

    def divide(self, a: Any, b: Any) -> Any:
        """Quotient."""
        if b == 0:
            raise Undefined("division by zero")
        return sp.sympify(a) / b

    def power(self, a: Any, b: Any) -> Any:
        """Power."""
        return sp.sympify(a) ** b

    def function(self, name: str, a: Any) -> Any:
        """Elementary function of one expression."""
        if name == "sigmoid":
            return 1 / (1 + sp.exp(-a))
        if name == "softplus":
            return sp.log(1 + sp.exp(a))
        if name == "logit":
            return sp.log(a) - sp.log(1 - a)
        other = {"abs": "Abs", "ceil": "ceiling"}
        found = self.table.get(name) or getattr(sp, other.get(name, name), None)
        if found is None:
            raise Undefined(f"{name} is not symbolic")
        return found(a)

    def pi(self) -> Any:
        """The number pi."""
        return sp.pi


EXACT, REAL, SYMBOLIC = Field(), RealField(), SymbolicField()
