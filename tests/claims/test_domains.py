"""Instances: admissible, never degenerate, reproducible, sizes pairwise different."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from claims.domains import (
    Between,
    Binary,
    Definite,
    Derived,
    Distribution,
    Index,
    Invertible,
    Joint,
    Label,
    Negative,
    OneHot,
    Orthonormal,
    Outcome,
    Permutation,
    Positive,
    Real,
    Simplex,
    Size,
    Unit,
)
from claims.fields import EXACT, SYMBOLIC
from claims.instances import draw
from claims.linear import determinant, inverse

SEEDS = range(20)
GIVEN: dict[str, Any] = {
    "N": Size(4),
    "K": Size(below="D"),
    "D": Size(4),
    "n": Index("N"),
    "a": Real("N", "D"),
    "b": Positive("N"),
    "c": Negative("N"),
    "u": Unit("N"),
    "w": Between(-2, 5, "N"),
    "r": Simplex("N", "K"),
    "x": Binary("N", "D"),
    "z": OneHot("N", "K"),
    "y": Label("N", classes="K"),
    "S": Definite("K", "D", "D"),
    "W": Invertible("D", "D"),
    "U": Orthonormal("D", "K"),
    "P": Permutation("D", "D"),
    "v": Outcome(),
    "h": Outcome(),
    "p": Joint("v", "h"),
    "q": Distribution("h", on="v"),
    "m": Derived(lambda e: e.a.sum(axis=0) / e.N, "D"),
}


@pytest.fixture(params=SEEDS)
def instance(request: pytest.FixtureRequest) -> Any:
    return draw(GIVEN, request.param)


def test_sizes_are_pairwise_different_and_ordered(instance: Any) -> None:
    e = instance
    sizes = [e.N, e.K, e.D, e.values["#v"], e.values["#h"]]
    assert len(set(sizes)) == 5
    assert e.K < e.D


def test_sizes_vary_and_are_odd_and_even() -> None:
    drawn = {draw(GIVEN, seed).N for seed in SEEDS}
    assert {n % 2 for n in drawn} == {0, 1}


def test_premises_hold_exactly(instance: Any) -> None:
    e = instance
    assert (e.b > 0).all()
    assert (e.c < 0).all()
    assert ((e.u > 0) & (e.u < 1)).all()
    assert ((e.w > -2) & (e.w < 5)).all()
    assert (e.r.sum(axis=1) == 1).all()
    assert (e.z.sum(axis=1) == 1).all()
    assert e.p.sum() == 1
    assert (e.q.sum(axis=1) == 1).all()
    assert (np.eye(e.K, dtype=int) == e.U.T @ e.U).all()
    assert (np.eye(e.D, dtype=int) == e.P @ e.P.T).all()
    for s in e.S:
        assert (s == s.T).all()
        assert all(determinant(s[:k, :k], EXACT) > 0 for k in range(1, e.D + 1))
    assert determinant(e.W, EXACT) != 0
    assert (e.W @ inverse(e.W, EXACT) == np.eye(e.D, dtype=int)).all()


def test_values_are_not_degenerate(instance: Any) -> None:
    e = instance
    assert all(0 < sum(column) < e.N for column in e.x.T)
    assert len(set(e.y)) == min(e.N, e.K)
    assert set(e.y) <= set(range(1, e.K + 1))
    assert len(set(e.a.ravel())) == e.a.size
    assert 0 not in e.a.ravel()
    assert (e.r[0] != e.r[1]).any()


def test_draws_come_from_more_than_a_million_values() -> None:
    seen = {draw({"a": Real(), "b": Unit()}, seed)["b"] for seed in range(200)}
    assert len(seen) > 195
    assert max(v.denominator for v in seen) >= 2**19


def test_signs_of_determinants_and_reals_vary() -> None:
    drawn = [draw(GIVEN, seed) for seed in SEEDS]
    assert {determinant(e.W, EXACT) > 0 for e in drawn} == {True, False}
    assert {e.a[0, 0] > 0 for e in drawn} == {True, False}


def test_the_same_seed_gives_the_same_instance() -> None:
    first, second = draw(GIVEN, 3), draw(GIVEN, 3)
    assert (first.a == second.a).all()
    assert (first.a != draw(GIVEN, 4).a[:1, :1]).any()


def test_derived_letters_follow_changed_values(instance: Any) -> None:
    e = instance
    assert (e.m * e.N == e.a.sum(axis=0)).all()
    moved = e.with_values(a=e.a + 1)
    assert (moved.m == e.m + 1).all()


def test_plain_instances_are_small_and_readable() -> None:
    e = draw(GIVEN, 1, plain=True)
    assert all(abs(v) <= 3 and Fraction(v).denominator == 1 for v in e.a.ravel())


def test_impossible_sizes_are_reported() -> None:
    with pytest.raises(ValueError, match="no different sizes"):
        draw({"A": Size(below="B"), "B": Size(below="A")}, 0)


def test_symbolic_inverse_is_an_inverse() -> None:
    e = draw({"A": Definite("2", "2")}, 0)
    found = inverse(e.A, SYMBOLIC)
    assert (e.A @ found == np.eye(2, dtype=int)).all()
