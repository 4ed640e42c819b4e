"""Matrix words: shapes, rules, the cyclic trace, and the identities of PCA.

Mutations that fail these tests: rotating without transposing in ``_trace_of``; leaving
out the transposed rule; dropping the shape check of ``__mul__``.
"""

import pytest
from sympy import Symbol, expand, symbols

from claims.words import Words

N, D, K = symbols("N D K", integer=True, positive=True)


def pca(orthonormal=True):
    algebra = Words()
    X, U = algebra.letter("X", D, N), algebra.letter("U", D, K)
    if orthonormal:
        algebra.rule(U.T * U, algebra.identity(K))
    return algebra, X, U


def error(algebra, X, P):
    R = X - P * X
    return (R.T * R).trace() / N


@pytest.mark.parametrize("orthonormal", [True, False])
def test_pca_distortion_is_trace_minus_projected_trace(orthonormal):
    algebra, X, U = pca(orthonormal)
    want = ((X * X.T).trace() - (U.T * X * X.T * U).trace()) / N
    assert (expand(error(algebra, X, U * U.T) - want) == 0) is orthonormal


def test_pca_distortion_with_a_wrong_projection_is_not_proved():
    algebra, X, U = pca()
    want = ((X * X.T).trace() - (U.T * X * X.T * U).trace()) / N
    assert expand(error(algebra, X, 2 * U * U.T) - want) != 0


def test_pca_without_centring_has_the_mean_as_a_third_term():
    algebra, Y, U = pca()
    m, one = algebra.letter("m", D, 1), algebra.letter("1", N, 1)
    algebra.rule(Y * one, algebra.zero(D, 1))
    algebra.rule(one.T * one, algebra.identity(1) * N)
    X, P = Y + m * one.T, U * U.T
    S, rest = Y * Y.T / N, m - P * m
    centred = S.trace() - (U.T * S * U).trace()
    assert expand(error(algebra, X, P) - centred - (rest.T * rest).trace()) == 0
    assert expand(error(algebra, X, P) - centred) != 0


def test_projector_is_symmetric_and_idempotent_but_not_the_identity():
    algebra, _, U = pca()
    P = U * U.T
    assert (P * P - P).is_zero()
    assert (P.T - P).is_zero()
    assert not (P - algebra.identity(D)).is_zero()
    assert P.trace() == K  # a different size from tr(I_D) = D
    assert algebra.identity(D).trace() == D


def test_rotating_the_basis_leaves_the_projector():
    algebra, _, U = pca()
    R = algebra.letter("R", K, K)
    turned = U * R
    assert not (turned * turned.T - U * U.T).is_zero()
    algebra.rule(R * R.T, algebra.identity(K))
    turned = U * R
    assert (turned * turned.T - U * U.T).is_zero()


def test_pythagoras_for_a_projection():
    algebra, _, U = pca()
    x = algebra.letter("x", D, 1)
    rest = x - U * U.T * x
    assert (rest.T * rest - (x.T * x - (U.T * x).T * (U.T * x))).is_zero()


def test_trace_is_cyclic_and_invariant_under_transposition():
    algebra = Words()
    A, B, C = (algebra.letter(n, D, D) for n in "ABC")
    assert (A * B).trace() == (B * A).trace()
    assert (A * B * C).trace() == (C.T * B.T * A.T).trace()
    assert (A * B * C).trace() != (A * C * B).trace()


def test_a_rule_applies_across_the_ends_of_a_trace():
    algebra = Words()
    V, L = algebra.letter("V", D, D), algebra.letter("L", D, D)
    algebra.rule(V.T * V, algebra.identity(D))
    assert (V * L * V.T).trace() == L.trace()
    assert (V * L * V).trace() != L.trace()


def test_derivative_of_an_inverse():
    algebra = Words()
    A, B, H = (algebra.letter(n, D, D) for n in "ABH")
    algebra.rule(A * B, algebra.identity(D))
    assert (A * (-(B * H * B)) + H * B).is_zero()
    assert not (A * (B * H * B) + H * B).is_zero()


def test_symmetric_letters_are_their_own_transpose():
    algebra = Words()
    S, A = algebra.letter("S", D, D, symmetric=True), algebra.letter("A", D, D)
    assert (S.T - S).is_zero()
    assert (S * A).trace() == (A.T * S).trace()
    assert not (A.T - A).is_zero()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda a, X, U: X * U,
        lambda a, X, U: X + U,
        lambda a, X, U: X.trace(),
        lambda a, X, U: a.rule(U, U),
        lambda a, X, U: a.rule(U.T * U, a.identity(D)),
        lambda a, X, U: a.letter("X", D, D),
        lambda a, X, U: a.letter("Z", D, K, symmetric=True),
    ],
)
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValueError, match=r"\w"):
        wrong(*pca())


def test_scalars_may_be_symbols():
    _, X, _ = pca()
    c = Symbol("c")
    assert ((c + 1) * X - c * X - X).is_zero()
    assert not ((c + 1) * X - c * X).is_zero()
