"""Matrix algebra with symbolic sizes: a product of matrices is a word.

SymPy does not know that tr(AB) = tr(BA), and turns U U^T into an identity where only
U^T U is one.  Here a matrix is a letter with a shape, a product is a word, and what is
known of the letters is a rule that shortens words::

    algebra = Words()
    U, X = algebra.letter("U", D, K), algebra.letter("X", D, N)
    algebra.rule(U.T * U, algebra.identity(K))

Sound: equality is claimed only if both sides rewrite to the same words with the same
coefficients; a trace is taken up to rotation and transposition of its word.  Shapes are
checked, so that the identities of different sizes are never confused.  Incomplete: the
rules are not completed to a confluent system.  Assumed: the rules.
"""

from dataclasses import dataclass, field
from typing import Any

from sympy import Expr, S, Symbol, expand

Word = tuple[str, ...]


@dataclass(eq=False)
class Words:
    """The letters and the rules of one argument."""

    shapes: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    symmetric: set[str] = field(default_factory=set)
    rules: dict[Word, "Matrix"] = field(default_factory=dict)

    def letter(
        self, name: str, rows: Any, columns: Any, symmetric: bool = False
    ) -> Any:
        """A new matrix; a vector has one column."""
        if name in self.shapes or name.endswith("'"):
            raise ValueError(f"{name} is taken")
        if symmetric and rows != columns:
            raise ValueError(f"{name} is not square")
        self.shapes[name], self.shapes[name + "'"] = (rows, columns), (columns, rows)
        if symmetric:
            self.symmetric.add(name)
        return Matrix(self, {(name,): S.One}, S(rows), S(columns))

    def identity(self, size: Any) -> "Matrix":
        """The identity of this size."""
        return Matrix(self, {(): S.One}, S(size), S(size))

    def zero(self, rows: Any, columns: Any) -> "Matrix":
        """The zero matrix of this shape."""
        return Matrix(self, {}, S(rows), S(columns))

    def rule(self, left: "Matrix", right: "Matrix") -> None:
        """Take ``left == right`` for granted, and its transpose with it.

        The left side is one word, longer than every word on the right, so that
        rewriting comes to an end.
        """
        if left.shape != right.shape:
            raise ValueError("the two sides differ in shape")
        for a, b in ((left, right), (left.T, right.T)):
            ((word, coefficient),) = a.terms.items()
            if coefficient != 1 or any(len(w) >= len(word) for w in b.terms):
                raise ValueError("a rule shortens one word")
            self.rules[word] = b

    def reduced(self, word: Word, coefficient: Any) -> dict[Word, Any]:
        """Apply rules until none applies."""
        for n in range(len(word)):
            for left, right in self.rules.items():
                if left and word[n : n + len(left)] == left:
                    total: dict[Word, Any] = {}
                    for middle, c in right.terms.items():
                        new = word[:n] + middle + word[n + len(left) :]
                        _add(total, self.reduced(new, coefficient * c))
                    return total
        return {word: coefficient}

    def transposed(self, word: Word) -> Word:
        """(AB)' = B'A'."""
        return tuple(self._flip(name) for name in reversed(word))

    def _flip(self, name: str) -> str:
        if name in self.symmetric:
            return name
        return name[:-1] if name.endswith("'") else name + "'"


@dataclass(frozen=True, eq=False)
class Matrix:
    """A sum of words with coefficients, all of one shape."""

    algebra: Words
    terms: dict[Word, Any]
    rows: Any
    columns: Any

    @property
    def shape(self) -> tuple[Any, Any]:
        """Rows and columns."""
        return self.rows, self.columns

    @property
    def T(self) -> "Matrix":  # noqa: N802
        """The transpose."""
        terms: dict[Word, Any] = {}
        for word, c in self.terms.items():
            _add(terms, self.algebra.reduced(self.algebra.transposed(word), c))
        return self._like(terms, self.columns, self.rows)

    def __add__(self, other: "Matrix") -> "Matrix":
        if self.shape != other.shape:
            raise ValueError(f"shapes {self.shape} and {other.shape} do not add")
        terms = dict(self.terms)
        _add(terms, other.terms)
        return self._like(terms, self.rows, self.columns)

    def __neg__(self) -> "Matrix":
        return self * -1

    def __sub__(self, other: "Matrix") -> "Matrix":
        return self + -other

    def __mul__(self, other: Any) -> "Matrix":
        if not isinstance(other, Matrix):
            scaled = {w: c * S(other) for w, c in self.terms.items()}
            return self._like(scaled, self.rows, self.columns)
        if self.columns != other.rows:
            raise ValueError(f"shapes {self.shape} and {other.shape} do not multiply")
        terms: dict[Word, Any] = {}
        for w, c in self.terms.items():
            for v, d in other.terms.items():
                _add(terms, self.algebra.reduced(w + v, c * d))
        return self._like(terms, self.rows, other.columns)

    __rmul__ = __mul__

    def __truediv__(self, number: Any) -> "Matrix":
        return self * (1 / S(number))

    def is_zero(self) -> bool:
        """True only if every word cancels."""
        return not self.terms

    def trace(self) -> Expr:
        """The trace, as an expression in the traces of canonical words."""
        if self.rows != self.columns:
            raise ValueError("only a square matrix has a trace")
        total: Any = S.Zero
        for word, c in self.terms.items():
            total += c * self._trace_of(word)
        return expand(total)

    def _trace_of(self, word: Word) -> Any:
        if not word:
            return self.rows
        rotations = [word[n:] + word[:n] for n in range(len(word))]
        for rotation in rotations:  # a rule may apply across the ends
            shorter = self.algebra.reduced(rotation, S.One)
            if rotation not in shorter:
                rows = self.algebra.shapes[rotation[0]][0]
                return self._like(shorter, rows, rows).trace()
        rotations += [self.algebra.transposed(r) for r in rotations]
        return Symbol(f"tr({' '.join(min(rotations))})")

    def _like(self, terms: dict[Word, Any], rows: Any, columns: Any) -> "Matrix":
        kept = {w: e for w, c in terms.items() if (e := expand(c)) != 0}
        return Matrix(self.algebra, kept, S(rows), S(columns))


def _add(total: dict[Word, Any], terms: dict[Word, Any]) -> None:
    for word, c in terms.items():
        total[word] = total.get(word, S.Zero) + c


__all__ = ["Matrix", "Words"]
