"""The functions of `latent.em` against the equations that their docstrings cite.

The LaTeX is read from the chapter and evaluated on instances; nothing is retyped.
"""

import itertools
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pytest
from mpmath import mp, mpf
from numpy.testing import assert_allclose

from claims.book import open_book
from claims.domains import (
    Index,
    Joint,
    Observed,
    Outcome,
    Parameter,
    Simplex,
    Size,
)
from claims.fields import REAL
from claims.problem import Problem
from latent.em import em, posterior

ONE: dict[str, Any] = {
    "K": Size(),
    "z": Index("K"),
    "x": Outcome(),
    "theta": Parameter(),
    "p": Joint("x", "z"),
}
observed: Any = Observed
MANY: dict[str, Any] = ONE | {
    "N": Size(),
    "n": Index("N"),
    "k": Index("K"),
    "x": observed("N"),
    "r": Simplex("N", "K"),
}
TWO: dict[str, Any] = ONE | {
    "theta": Outcome(2, 2),
    "theta'": Outcome(3, 3),
    "K": Size(4, 4),
    "x": Outcome(5, 5),
    "p": Joint("theta", "x", "z"),
}
seeds = pytest.mark.parametrize("seed", range(4))


def printed(label: str, given: dict[str, Any], seed: int) -> tuple[Problem, Any]:
    """A display of the chapter and a random instance of its letters."""
    book = open_book()
    problem = Problem(label, book.equation(label, given), given, book, REAL)
    return problem, problem.draw(seed)


def at(problem: Problem, side: int, e: Any, **place: int) -> float:
    """The printed side at these values of the free letters."""
    with mp.workdps(40):
        return float(problem.at(problem.sides[side], e, place))


class Table(NamedTuple):
    """A joint table as parameters: any positive numbers with sum one."""

    joint: np.ndarray


def e_step(params: Table, x: np.ndarray) -> tuple[np.ndarray, float]:
    def log_joint(rows: np.ndarray) -> np.ndarray:
        return np.log(params.joint[rows[:, 0].astype(int)])

    return posterior(log_joint, x, params.joint.shape[1])


def m_step(shape: np.ndarray, params: Table, x: np.ndarray, r: np.ndarray) -> Table:
    """The best weights of the components, whose shapes p(x | z) are fixed."""
    return Table(shape * r.mean(axis=0))


@seeds
def test_posterior_is_bayes_rule_as_printed(seed):
    problem, e = printed("em-posterior", ONE, seed)
    joint = e.floats("p")
    x = np.arange(len(joint))[:, None].astype(float)
    r, objective = e_step(Table(joint), x)
    for n, k in itertools.product(range(len(joint)), range(e.K)):
        assert_allclose(r[n, k], at(problem, -1, e, x=n + 1, z=k + 1), rtol=1e-12)
    marginal = printed("em-marginal", ONE, seed)[0]
    logs = [np.log(at(marginal, -1, e, x=n + 1)) for n in range(len(joint))]
    assert_allclose(objective, np.mean(logs), rtol=1e-12)


@seeds
def test_posterior_makes_the_printed_bound_tight(seed):
    problem, e = printed("em-bound-data", MANY, seed)
    x = e.floats("x")[:, None] - 1
    r, objective = e_step(Table(e.floats("p")), x)
    assert at(problem, 0, e) < at(problem, 1, e)  # at random responsibilities
    assert_allclose(objective * e.N, at(problem, 1, e), rtol=1e-12)
    tight = e.with_values(r=np.vectorize(mpf, otypes=[object])(r))
    assert_allclose(at(problem, 0, tight), at(problem, 1, tight), rtol=1e-12)


@seeds
def test_em_climbs_as_printed(seed):
    """One step of `em`: its rise, the bound's, and the gain, all as printed."""
    e = printed("em-monotone", TWO, seed)[1]
    first = e.floats("p")[0]
    shape = first / first.sum(axis=0)
    start = Table(first / first.sum())
    x = np.array([[0.0], [0.0], [1.0], [3.0], [4.0], [0.0]])
    fit = em(e_step, partial(m_step, shape), start, x, max_iter=1, tol=-1.0)
    both = np.stack([start.joint, fit.params.joint]) / 2
    moved = e.with_values(p=np.vectorize(mpf, otypes=[object])(both))

    def mean(label: str, side: int) -> float:
        problem = printed(label, TWO, seed)[0]
        free = {"theta": 1, "theta'": 2}
        values = [at(problem, side, moved, x=int(v) + 1, **free) for v in x[:, 0]]
        return float(np.mean(values))

    assert_allclose(fit.history[1], mean("em-monotone", 0), rtol=1e-12)
    assert_allclose(fit.history[0], mean("em-monotone", 1), rtol=1e-12)
    assert mean("em-m-step", 0) > mean("em-m-step", 1)
    assert mean("em-monotone", 0) > mean("em-monotone", 1)
    assert_allclose(np.diff(fit.history)[0], mean("em-gain", 1), rtol=1e-9)


@seeds
def test_an_m_step_raises_the_printed_bound(seed):
    problem, e = printed("em-bound-data", MANY, seed)
    joint, r = e.floats("p"), e.floats("r")
    shape = joint / joint.sum(axis=0)
    raised = m_step(shape, Table(joint), e.floats("x")[:, None] - 1, r)
    best = e.with_values(p=np.vectorize(mpf, otypes=[object])(raised.joint))
    assert at(problem, 0, best) > at(problem, 0, e)
