"""What a display prints beside its checked sides: a name, conditions, a limit.

Whatever is printed and not checked would pass with any misprint. So it is refused where
it states a result of its own, and said where it is only read.
"""

from typing import Any

from claims.domains import Index, Outcome, Size
from claims.instances import free_indices
from claims.letters import evaluable
from claims.nodes import Equation, Node, walk
from claims.problem import ClaimError, Problem
from claims.reading import plain

DERIVATIVE = ("partial", "nabla", "d")
MARKS = ("_hat", "_tilde", "_bar", "_star")


def check_printed(problem: Problem, referee: Any) -> None:
    """Refuse what states more than is checked."""
    check_conditions(problem)
    left = problem.sides[0]
    if hasattr(referee, "simplex"):
        check_update(problem, left, referee.over)
    if 0 not in problem.valued:
        check_indices(problem, left)
        if hasattr(referee, "wrt"):
            check_derivative(problem, left, referee.wrt)
        if left.op == "lim" and hasattr(referee, "letter"):
            check_limit(problem, left, referee)


def check_conditions(problem: Problem) -> None:
    """A condition restricts an index or a size; any other equation is a result."""
    for condition in problem.equation.conditions:
        domain = problem.given.get(condition.kids[0].name) if condition.kids else None
        equation = condition.op == "rel" and condition.name in ("=", "equiv")
        if equation and not isinstance(domain, Index | Outcome | Size):
            reason = "an equation after a comma is not checked; give it a display"
            raise ClaimError(problem.label, reason)


def check_indices(problem: Problem, left: Node) -> None:
    """A name with indices carries those that the formula leaves free, and no others.

    A name without any may stand for one case; whether it is the right name is unknown.
    """
    if left.op != "sym" or not left.kids:
        return
    names = free_indices(left.kids, problem.given)
    if set(names) != set(problem.free):
        shown = f"{', '.join(names) or 'none'}, the formula {', '.join(problem.free)}"
        reason = f"the left side does not carry the formula's free indices: {shown}"
        raise ClaimError(problem.label, reason)


def check_update(problem: Problem, left: Node, over: str) -> None:
    """An update is printed for the letter that the referee varies, marked or not."""
    from claims.parameters import parameter  # noqa: PLC0415

    if left.op not in ("sym", "call"):
        return
    p, right = parameter(over, problem), problem.sides[1:]
    name, indices = name_of(left)
    if bare(name) != bare(p.name) or indices != p.letters:
        reason = f"the display prints an update of another quantity than {over}"
        raise ClaimError(problem.label, reason)
    if name == p.name and any(n.name == name for side in right for n in walk(side)):
        reason = f"the display defines {name} by itself: mark the update, as in a hat"
        raise ClaimError(problem.label, reason)


def name_of(node: Node) -> tuple[str, tuple[str, ...]]:
    """A letter or call as its name and the names of its indices or arguments."""
    if node.op == "call":
        return node.kids[0].name, tuple(arg.kids[0].name for arg in node.kids[1:])
    return node.name, tuple(kid.name for kid in node.kids)


def bare(name: str) -> str:
    """A letter without its marks."""
    name = name.rstrip("'")
    for mark in MARKS:
        name = name.removesuffix(mark)
    return name


def check_derivative(problem: Problem, left: Node, wrt: str) -> None:
    """A printed derivative is one in the letter that the referee varies."""
    from claims.parameters import parameter  # noqa: PLC0415

    p = parameter(wrt, problem)
    for node in walk(left):
        below = node.kids[1] if node.op == "div" else node
        found = None
        if below is not node and below.op == "mul" and below.kids[0].name in DERIVATIVE:
            found = below.kids[1]
        elif node.name == "nabla" and len(node.kids) == 1:
            found = node.kids[0]
        if found is None:
            continue
        brief = found is node.kids[0] and p.letters == (found.name,)  # \nabla_k
        if name_of(found) != (p.name, p.letters) and not brief:
            reason = f"the display prints a derivative in {plain(found)}, not in {wrt}"
            raise ClaimError(problem.label, reason)
        return


def check_limit(problem: Problem, left: Node, referee: Any) -> None:
    """A printed limit is the one that the referee takes."""
    what = left.kids[0]
    if what.op != "rel" or what.name != "to":
        return
    letter, goal = what.kids
    far = referee.to in ("infinity", float("inf"))
    same = goal.name == "infty" if far else goal.value == referee.to
    if letter.name != referee.letter or not (same or goal.op not in ("num", "sym")):
        reason = f"the display prints another limit than {referee.letter} to"
        raise ClaimError(problem.label, f"{reason} {referee.to}")


def left_unread(problem: Problem, referee: Any) -> bool:
    """Whether the first side says something that nothing has checked.

    A bare letter or call is a name. A function given as reference recomputes whatever
    the first side means; a derivative is what `gradient_of` computes, and a limit what
    `limit_of` computes. Any other first side without a value is an open question.
    """
    left = problem.sides[0]
    if 0 in problem.valued or left.op in ("sym", "call"):
        return False
    if callable(getattr(referee, "reference", None)):
        return False
    if hasattr(referee, "wrt"):
        named = any(node.name in DERIVATIVE for node in walk(left))
        return not named or left.op in ("add", "sub", "neg")
    return not (left.op == "lim" and hasattr(referee, "letter"))


def check_definition(label: str, equation: Equation, given: Any) -> None:
    """A definition gives a meaning to a name, once; anything else is a result."""
    if equation.more:
        raise ClaimError(label, "several definitions in one display")
    if len(equation.signs) > 1:
        reason = "a definition with two signs states a result: claim it with equal()"
        raise ClaimError(label, reason)
    left, *_ = equation.sides
    named = left.op in ("sym", "call") or set(equation.signs) - {"=", "equiv"}
    if given and not named and evaluable(left, given):
        raise ClaimError(label, "both sides have a value: claim it with equal()")
