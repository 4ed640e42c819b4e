"""Proving that an expression with symbolic sizes is identically zero.

SymPy keeps ``Sum`` closed: it does not see that sum_n (x_n - m) is sum_n x_n - N m.
Here sums are brought to a normal form, after which an identity that holds for all
sizes is an identity between rational functions of finitely many atoms, which is
decided by expanding.  The normal form

* is linear: sums of sums are split, factors free of the summed index are pulled out;
* merges nested sums and splits independent ones (sum_n a_n sum_k b_k);
* contracts Kronecker deltas, which is what a gradient leaves behind;
* takes logarithms of products apart and exponentials of sums;
* names bound variables canonically, so that equal sums are equal objects.

Sound: ``is_zero(e)`` is True only if ``e`` is zero for all sizes and all values,
given the assumptions below.  Incomplete: False means *not proved*; only an instance
refutes.  Every proof ends, for each step is paid for from a budget.

Assumed: all quantities are real; wherever the input takes a logarithm or a fractional
power, its argument is positive (and then the family it is a member of is positive at
all its indices); denominators are not zero; a free index lies in the range of the sums
it meets; sums may be empty (upper = lower - 1) but do not run backwards; the premises.

Inside, log stands for log|.| and a fractional power for |.|^c: with that reading
log(ab) = log a + log b needs no sign of a or of b, and the input is not changed by it.
"""

from collections.abc import Iterable
from typing import Any

from sympy import Add, Dummy, Mul, S, Sum, default_sort_key

from claims.gradients import fresh, gateaux, grad
from claims.normalform import Normaliser
from claims.rational import NotProvedError, numerator

STEPS = 20_000  # about five seconds


def is_zero(e: Any, premises: Iterable[Any] = (), steps: int = STEPS) -> bool:
    """True only if ``e`` is proved to be identically zero."""
    try:
        normaliser = Normaliser(premises, steps)
        normaliser.note_domains(S(e))
        return _vanishes(normaliser, S(e))
    except (NotProvedError, RecursionError):
        return False


def normal_form(e: Any, premises: Iterable[Any] = (), steps: int = STEPS) -> Any:
    """The normal form of ``e``; `NotProvedError` when the budget is spent."""
    normaliser = Normaliser(premises, steps)
    normaliser.note_domains(S(e))
    return normaliser.settle(S(e))


def _vanishes(normaliser: Normaliser, e: Any, depth: int = 2) -> bool:
    # The second round has denominators cleared, so that sums that stood in different
    # fractions meet and can be merged.
    for _ in range(2):
        e = numerator(normaliser.settle(e), normaliser.purse)
        if e == 0:
            return True
    if depth == 0:
        return False
    limits = {limit[1:] for s in e.atoms(Sum) for limit in s.limits}
    for low, high in sorted(limits, key=default_sort_key):
        if low.atoms(Dummy) or high.atoms(Dummy):  # it runs over another index's range
            continue
        inside = _one_for_all(e, low, high, normaliser)
        if inside is not None and _vanishes(normaliser, inside, depth - 1):
            return True
    return False


def _one_for_all(e: Any, low: Any, high: Any, normaliser: Normaliser) -> Any:
    """What must vanish for each k so that sum_k a_k + sum_k b_k + ... is zero.

    Seen from inside, where k is fixed, a sum over other indices is a factor that can
    cancel against a denominator; merged into one multiple sum it is not.  None where
    no such k can be taken out of every term.
    """
    k = Dummy("k", integer=True)
    normaliser.ranges[k] = (low, high)
    inside = []
    for term in Add.make_args(e):
        for s in [f for f in Mul.make_args(term) if isinstance(f, Sum)]:
            taken = _taken_out(s, low, high, k)
            if taken is not None:
                inside.append(term / s * taken)
                break
        else:  # no such sum, but perhaps its size: K c = sum_k c
            if low != 1 or high not in Mul.make_args(term):
                return None
            inside.append(term / high)
    return Add(*inside)


def _taken_out(s: Any, low: Any, high: Any, k: Any) -> Any:
    for limit in s.limits:
        others = [other for other in s.limits if other != limit]
        if limit[1:] == (low, high) and not any(
            limit[0] in end.free_symbols for other in others for end in other[1:]
        ):
            f = s.function.xreplace({limit[0]: k})
            return Sum(f, *others) if others else f
    return None


__all__ = ["STEPS", "fresh", "gateaux", "grad", "is_zero", "normal_form"]
