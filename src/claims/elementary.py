"""Powers, exponentials, logarithms and products in the normal form of `claims.sums`.

Exact under one reading: log is log|.|, and a power that is no integer is one of |.|.
Then log(ab) = log a + log b and (ab)^c = a^c b^c whatever the signs of a and b; and
where the input takes log(a) or a^(1/2) itself, a is positive and nothing changes.
|a| is written a only where a is known to be positive.
"""

from abc import ABC, abstractmethod
from typing import Any

from sympy import (
    Abs,
    Add,
    Indexed,
    Mul,
    Pow,
    Product,
    Sum,
    exp,
    expand,
    factorint,
    fraction,
    log,
    together,
)

from claims.binding import canonical
from claims.rational import Purse, atomised


class Elementary(ABC):
    """The part of the normaliser that knows elementary functions."""

    purse: Purse
    positive: set[Any]

    @abstractmethod
    def normal(self, e: Any) -> Any:
        """Bring ``e`` to normal form."""

    @abstractmethod
    def copy(self, e: Any) -> Any:
        """A sum with names of its own."""

    @abstractmethod
    def sum(self, f: Any, limit: Any) -> Any:
        """The sum of ``f`` over one index."""

    def note_domains(self, e: Any) -> None:
        """Remember what ``e``, as it was given, takes logarithms of."""
        arguments = [t.args[0] for t in e.atoms(log)]
        arguments += [p.base for p in e.atoms(Pow) if not p.exp.is_integer]
        self.positive |= {_family(a) for a in arguments}

    def power(self, base: Any, exponent: Any) -> Any:
        """A power of something in normal form."""
        if exponent.is_Integer and exponent > 1:
            return self.purse.expand(Pow(base, exponent))
        if isinstance(base, Abs) and exponent.is_even:
            return Pow(base.args[0], exponent)
        if isinstance(base, exp):
            return self.normal(exp(base.args[0] * exponent))
        if exponent.is_Integer and isinstance(base, Add):
            content, rest = base.as_content_primitive()
            return Pow(content, exponent) * Pow(rest, exponent)
        if exponent.is_integer:
            return Mul(*[Pow(f, exponent) for f in Mul.make_args(base)])
        pairs = [f.as_base_exp() for f in Mul.make_args(base)]
        return Mul(*[self.modulus(b) ** (x * exponent) for b, x in pairs])

    def modulus(self, e: Any) -> Any:
        """|e|, which is e where the input shows that it is positive."""
        if e.is_positive or isinstance(e, exp) or _family(e) in self.positive:
            return e
        return -e if _family(-e) in self.positive else Abs(e)

    def exponential(self, t: Any) -> Any:
        """exp(c log a) = |a|^c, and exp(sum_d c_d log a_d) = prod_d |a_d|^c_d."""
        logs = [f for f in Mul.make_args(t) if isinstance(f, log)]
        if logs:
            return self.power(self.modulus(logs[0].args[0]), t / logs[0])
        for s in [f for f in Mul.make_args(t) if isinstance(f, Sum)]:
            inside: Any = s.function
            if any(isinstance(f, log) for f in Mul.make_args(inside)):
                copy = self.copy(s)
                f: Any = self.exponential(t / s * copy.function)
                for limit in copy.limits:
                    f = Mul(*[self.product(g, limit) for g in Mul.make_args(f)])
                return f
        return exp(t)

    def product(self, f: Any, limit: Any) -> Any:
        """The product over one index of a single factor."""
        i, lo, hi = limit
        if i not in f.free_symbols:
            times = hi - lo + 1
            plain = canonical([limit], f, Product)
            return self.power(f, times) if times.is_integer else plain
        if isinstance(f, exp):
            return self.exponential(self.sum(f.args[0], limit))
        if isinstance(f, Pow) and f.exp.is_Integer:
            return Pow(self.product(f.base, limit), f.exp)
        if isinstance(f, Pow) and isinstance(f.exp, Add):
            parts = [Pow(f.base, t) for t in f.exp.args]
            return Mul(*[self.product(g, limit) for g in parts])
        return canonical([limit], f, Product)

    def logarithm(self, a: Any) -> Any:  # noqa: PLR0911
        """Logarithms of products, powers and exponentials taken apart."""
        self.purse.spend()
        if a.is_Rational and a != 0:  # log 12 = 2 log 2 + log 3: the primes are atoms
            up, down = factorint(abs(a.p)), factorint(a.q)
            return Add(*[n * log(q) for q, n in up.items()]) - Add(
                *[n * log(q) for q, n in down.items()]
            )
        if isinstance(a, Product):
            return self.normal(Sum(log(a.function), *a.limits))
        if isinstance(a, exp):
            return self.normal(a.args[0])
        if isinstance(a, Abs):
            return self.logarithm(a.args[0])
        if isinstance(a, Mul):
            return self.normal(Add(*[log(f, evaluate=False) for f in a.args]))
        if isinstance(a, Pow):
            return self.normal(a.exp * log(a.base))
        b = self.normal(a)
        if b != a and isinstance(b, (Mul, Pow, exp, Product, Abs)):
            return self.logarithm(b)
        return self._log_of_sum(b) if isinstance(b, Add) else log(b)

    def _log_of_sum(self, b: Any) -> Any:
        """log(a/2 - b/2) = log(a - b) - log 2, and log(b - a) is the same atom."""
        flat, names = atomised(b)
        up, down = fraction(together(flat))
        self.purse.pay_for_terms(up)
        content, up = expand(up).as_content_primitive()
        up, down = up.xreplace(names), down.xreplace(names)
        if down != 1 or content != 1:
            parts = [self.logarithm(p) for p in (up, content, down)]
            return parts[0] + parts[1] - parts[2]
        return log(-b if b.could_extract_minus_sign() else b)


def _family(e: Any) -> Any:
    """What ``e`` is a member of: 1 - p for 1 - p[k, d]; itself if that is not clear."""
    members = list(e.atoms(Indexed))
    one = len(members) == 1 and not e.has(Sum, Product)
    return e.xreplace({members[0]: members[0].base}) if one else e


__all__ = ["Elementary"]
