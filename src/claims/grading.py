"""Grading a reader's formula: right, or the smallest instance on which it differs."""

from dataclasses import dataclass
from typing import Any

from mpmath import mp

from claims.book import read
from claims.fields import DIGITS, NeedsReals, Undefined
from claims.instances import Instance, draw
from claims.letters import check_letters
from claims.linear import close
from claims.messages import short, sizes_of
from claims.nodes import walk
from claims.problem import ILL, Problem, places
from claims.tex import TexError

SIMPLE, RANDOM = 12, 6


@dataclass(frozen=True)
class Grade:
    """The outcome for one answer."""

    right: bool
    message: str

    def __repr__(self) -> str:
        return self.message

    def __bool__(self) -> bool:
        """Whether the answer is right."""
        return self.right


def grade_answer(problem: Problem, answer: str) -> Grade:
    """Compare an answer with the printed last side, small instances first."""
    try:
        equation = read(answer, "your formula", problem.given)
        check_letters(equation, problem.given, (equation.sides[-1],))
    except TexError as error:
        return Grade(False, f"This cannot be read: {error}.")
    with mp.workdps(DIGITS):
        try:
            return _compare(problem, equation.sides[-1])
        except NeedsReals:
            problem.needs_reals()
            return _compare(problem, equation.sides[-1])


def _compare(problem: Problem, tree: Any) -> Grade:
    drawn = [
        draw(problem.given, seed, problem.numbers, problem.lookup, plain=True)
        for seed in range(SIMPLE)
    ]
    drawn.sort(key=lambda e: sum(v for v in e.values.values() if isinstance(v, int)))
    drawn += [problem.draw(1000 + seed) for seed in range(RANDOM)]
    compared = 0
    for e in drawn:
        for place in places(problem.free, e):
            try:
                printed = problem.at(problem.sides[-1], e, place)
            except Undefined:
                continue
            try:
                yours = problem.at(tree, e, place)
            except (*ILL, KeyError) as error:
                where = _where(problem, tree, e, place)
                return Grade(False, f"Yours has no value for {where}: {error}.")
            compared += 1
            if not close(yours, printed):
                where = _where(problem, tree, e, place)
                return Grade(
                    False,
                    f"Not yet. For {where}: yours gives {short(yours)}, "
                    f"the book's gives {short(printed)}.",
                )
    return Grade(True, f"Right: equal to the book's formula at {compared} values.")


def _where(problem: Problem, tree: Any, e: Instance, place: dict[str, int]) -> str:
    """The sizes, the place, and the numbers that occur, if they are few."""
    parts = [sizes_of(e), *(f"{k} = {v}" for k, v in place.items())]
    names = {n.name for s in (tree, problem.sides[-1]) for n in walk(s)}
    for name in sorted(names & set(e.values)):
        value = e.values[name]
        if getattr(value, "size", 1) <= 6 and name not in parts[0]:
            parts.append(f"{name} = {short(value)}")
    return ", ".join(part for part in parts if part)
