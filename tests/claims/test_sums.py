"""The normal form of sums: it keeps values, proves identities, and never more.

Mutations that fail these tests: canonical names numbered from 0 (the capture bug,
injected below); contracting a delta out of its range; taking an unknown sign for
positive; matching r[v, v] with r[n, k]; ignoring a premise's range; taking an index
out of a range that depends on another; an expansion that is not paid for.
"""

import pytest
from sympy import (
    Abs,
    Determinant,
    Dummy,
    IndexedBase,
    KroneckerDelta,
    MatrixSymbol,
    Piecewise,
    Product,
    Sum,
    Symbol,
    exp,
    log,
    sqrt,
    symbols,
)

from claims import binding
from claims.gradients import LogDet, substitute
from claims.premises import Symmetric
from claims.rational import NotProvedError
from claims.sums import grad, is_zero, normal_form
from tests.claims.corpus import expressions, instance
from tests.claims.sympy_mutants import IllFormedError, close, value, with_moduli

N, K, D = symbols("N K D", integer=True, positive=True)
i, j, k, n, a, b, d = symbols("i j k n a b d", integer=True)
x, r, m, p, w, A = map(IndexedBase, "xrmpwA")
u, v, t, c = symbols("u v t c")
ROWS = (Sum(r[n, k], (k, 1, K)), 1)


def changed(found):
    """How many of the expressions the normal form gives another value."""
    env, checked, wrong = instance(5), 0, 0
    for e in found:
        try:
            before = value(e, env)
        except (IllFormedError, ZeroDivisionError):
            continue
        checked += 1
        try:
            wrong += not close(before, value(with_moduli(normal_form(e)), env))
        except (IllFormedError, ZeroDivisionError, KeyError):
            wrong += 1
    return checked, wrong


def test_the_normal_form_keeps_every_value():
    checked, wrong = changed(expressions())
    assert checked >= 959
    assert wrong == 0


def test_the_fuzz_finds_the_variable_capture_bug(monkeypatch):
    monkeypatch.setattr(binding, "first_unused", lambda f: 0)
    _, wrong = changed(expressions()[::6])
    assert wrong > 10


mean = Sum(x[j], (j, 1, N)) / N


def sigma(f):
    return Sum(f, (i, 1, N))


def prod(f):
    return Product(f, (i, 1, N))


lse = log(Sum(exp(x[k]), (k, 1, K)))
posteriors = x[i] / (x[i] + w[i]), w[i] / (x[i] + w[i])


@pytest.mark.parametrize(
    ("e", "zero"),
    [
        (sigma(x[i] - mean), True),
        (sigma(x[i] - 2 * mean), False),
        (sigma((x[i] - mean) ** 2) - sigma(x[i] ** 2) + N * mean**2, True),
        (sigma((x[i] - mean) ** 2) - sigma(x[i] ** 2), False),
        (sigma(w[i] / Sum(w[j], (j, 1, N))) - 1, True),
        (sigma(w[i] / Sum(w[j], (j, 1, K))) - 1, False),
        (Sum(x[i] * w[j], (i, 1, N), (j, 1, N)) - sigma(x[i]) * sigma(w[i]), True),
        (sigma(x[i] * w[i]) - sigma(x[i]) * sigma(w[i]), False),
        (sigma(posteriors[0] + posteriors[1]) - N, True),
        (sigma(posteriors[0] - posteriors[1]) - N, False),
        (lse - c - log(Sum(exp(x[k] - c), (k, 1, K))), True),
        (lse - log(Sum(exp(x[k] - c), (k, 1, K))), False),
        (log(12) - 2 * log(2) - log(3), True),
        (log(u * v) - log(u) - log(v), True),
        (log(u + v) - log(u) - log(v), False),
        (1 / (1 + exp(-u)) + 1 / (1 + exp(u)) - 1, True),
        (log(prod(x[i] ** w[i])) - sigma(w[i] * log(x[i])), True),
        (prod(x[i] * w[i]) - prod(x[i]) * prod(w[i]), True),
        (prod(x[i] + w[i]) - prod(x[i]) - prod(w[i]), False),
        (sigma(KroneckerDelta(i, k) * x[i]) - x[k], True),
        (sigma(KroneckerDelta(i, N - i) * x[i]) - x[N], False),
    ],
)
def test_identities(e, zero):
    assert is_zero(e) is zero


def test_signs_are_never_guessed():
    # True for positive u; for negative u, v, w the left side is |u| sqrt(vw).
    assert not is_zero(sqrt(u * v) * sqrt(u * t) - u * sqrt(v * t))
    assert not is_zero(exp(log(u * v) / 2 + log(u * t) / 2) - u * sqrt(v * t))
    assert not is_zero(sqrt(u**2) - u)
    assert is_zero(sqrt(u**2) - Abs(u))
    q = Symbol("q", positive=True)
    assert is_zero(sqrt(q * v) * sqrt(q * t) - q * sqrt(v * t))


def test_a_delta_is_contracted_only_over_its_own_range():
    both = Sum(KroneckerDelta(i, j), (i, 1, N), (j, 1, K))
    assert not is_zero(both - K)  # it is min(N, K)
    assert is_zero(Sum(KroneckerDelta(i, j), (i, 1, N), (j, 1, N)) - N)
    parts = Sum(KroneckerDelta(i, k) * x[i], (i, 1, N))
    parts += Sum(KroneckerDelta(i, k) * x[i], (i, N + 1, N + K))
    assert not is_zero(parts - 2 * x[k])  # k lies in one of the ranges, not in both


def test_a_range_that_depends_on_another_index_is_kept():
    triangle = Sum(x[i] * w[j], (i, 1, j), (j, 1, N))
    swapped = Sum(x[j] * w[i], (j, 1, i), (i, 1, N))
    square = Sum(x[i] * w[j], (i, 1, N), (j, 1, N))
    spread = w[j] - Sum(w[a], (a, 1, N)) / N
    assert not is_zero(Sum(x[i] * spread, (i, 1, j), (j, 1, N)))
    assert is_zero(Sum(x[i] * spread, (i, 1, N), (j, 1, N)))
    assert is_zero(triangle - swapped)
    assert not is_zero(triangle - square)


def test_names_of_the_input_are_not_captured():
    b0 = Symbol("_b0", integer=True)
    e = Sum(x[i] * w[b0], (i, 1, N))
    assert not is_zero(e - Sum(x[i] * w[i], (i, 1, N)))
    assert is_zero(e - w[b0] * Sum(x[i], (i, 1, N)))


@pytest.mark.parametrize(
    ("e", "premises"),
    [
        (Sum(m[i] * r[i, k], (i, 1, N), (k, 1, K)) - Sum(m[i], (i, 1, N)), [ROWS]),
        (Sum(m[i] ** 3, (i, 1, N)) - Sum(m[i], (i, 1, N)), [(m[i] ** 2, m[i])]),
        (w[1] + w[0] - 1, [(w[0], 1 - w[1])]),
        (
            Sum(x[a, i] * x[a, j] * p[i] * p[j], (a, 1, D), (i, 1, K), (j, 1, K))
            - Sum(p[i] ** 2, (i, 1, K)),
            [(Sum(x[a, i] * x[a, j], (a, 1, D)), KroneckerDelta(i, j))],
        ),
        (
            Sum(p[a] * (A[a, b] - A[b, a]) * w[b], (a, 1, D), (b, 1, D)),
            [Symmetric(A)],
        ),
        (
            Sum(w[i] * x[i], (i, 1, N)) - c * Sum(w[i], (i, 1, N)),
            [(Sum(w[i] * (x[i] - c), (i, 1, N)), 0)],
        ),
        (
            Sum(r[i, k] * x[i], (i, 1, N), (k, 1, K)) - Sum(x[i], (i, 1, N)),
            [(*ROWS, {n: (1, N)})],
        ),
        (
            Sum(r[i, k], (i, 1, N), (k, 1, K)) - c,
            [(Sum(r[i, k], (k, 1, K), (i, 1, N)), c)],
        ),
    ],
)
def test_premises_are_used_and_needed(e, premises):
    assert is_zero(e, premises)
    assert not is_zero(e)


@pytest.mark.parametrize(
    ("e", "premise"),
    [
        (Sum(m[i] * r[i, i], (i, 1, K)) - Sum(m[i], (i, 1, K)), ROWS),
        (Sum(r[i, i], (i, 1, K)) - 1, ROWS),
        (Sum(r[n, k], (k, 1, N)) - 1, ROWS),
        (Sum(r[k, n], (k, 1, K)) - 1, ROWS),
        (Sum(r[n, k] ** 2, (k, 1, K)) - 1, ROWS),
        (Sum(r[n, k], (k, 1, K)) - 1, (*ROWS, {n: (1, N)})),
        (w[1] - w[0], (w[0], 1)),
    ],
)
def test_premises_are_not_stretched(e, premise):
    assert not is_zero(e, [premise])


def test_gradient_and_substitution_do_not_capture_indices():
    J = Sum(r[n, k] * (x[n] - m[k]) ** 2, (n, 1, N), (k, 1, K))
    update = Sum(r[n, k] * x[n], (n, 1, N)) / Sum(r[n, k], (n, 1, N))
    slope = grad(J, m, j)
    assert is_zero(slope + 2 * Sum(r[i, j] * (x[i] - m[j]), (i, 1, N)))
    assert is_zero(substitute(slope, m, (k,), update))
    assert not is_zero(substitute(slope, m, (k,), 2 * update))
    # An update whose bound letter is the objective's own: n must stay apart from n.
    inside = substitute(Sum(m[n], (n, 1, N)), m, (i,), Sum(r[i, n], (n, 1, K)))
    assert is_zero(inside - Sum(r[i, j], (i, 1, N), (j, 1, K)))
    assert not is_zero(inside - Sum(r[i, i], (i, 1, N)))


def test_gradient_of_one_member_in_two_ranges_is_not_doubled():
    J = Sum(x[i], (i, 1, N)) + Sum(x[i], (i, N + 1, N + K))
    assert not is_zero(grad(J, x, k) - 2)


S = MatrixSymbol("S", 3, 3)


@pytest.mark.parametrize(
    "e",
    [
        x[1] * log(Determinant(S)),
        Sum(Abs(x[i]), (i, 1, N)),
        Piecewise((x[1], x[1] > 0), (0, True)),
        LogDet(x, D),
    ],
)
def test_what_cannot_be_differentiated_safely_is_refused(e):
    with pytest.raises(TypeError):
        grad(e, x, k)


def test_nothing_is_put_into_a_log_determinant():
    with pytest.raises(TypeError):
        substitute(LogDet(A, D), A, (a, b), x[a])


def test_every_proof_ends():
    hard = (1 + Sum(x[i], (i, 1, N)) + u + v + t) ** 40
    with pytest.raises(NotProvedError):
        normal_form(hard)
    assert not is_zero(hard - 1)
    assert not is_zero(hard - hard.subs(u, u + 1))
    deep = u
    for _ in range(2000):
        deep = log(1 + deep, evaluate=False)
    assert not is_zero(deep - u)


def test_an_opaque_object_is_an_atom():
    branch = Piecewise((x[k], x[k] > 0), (0, True))
    total = Sum(branch * w[k], (k, 1, K))
    assert is_zero(total - Sum(w[j] * branch.subs(k, j), (j, 1, K)))
    assert not is_zero(total - Sum(w[k] * x[k], (k, 1, K)))
    hidden = Dummy("hidden")
    assert is_zero(Sum(hidden, (k, 1, K)) - K * hidden)
