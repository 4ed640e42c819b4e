"""The value of functions, distributions, expectations and defined letters."""

from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import sympy as sp

from claims.arrays import Eye, add, entries, multiply, scalar, settle, stacked
from claims.dispatch import bind, det, remembered, root, value
from claims.domains import (
    Defined,
    DefinedValues,
    Distribution,
    Function,
    Joint,
    Opaque,
)
from claims.fields import NeedsReals, Undefined
from claims.instances import Instance, axis
from claims.letters import law_letters
from claims.linear import inverse
from claims.nodes import Node, sym


def expectation(node: Node, e: Instance) -> Any:
    """An expectation over finite outcomes."""
    law, body = node.kids
    names = tuple(sorted(variables(law, e)))
    if law.op == "rel":
        law = law.kids[1]
    result: Any = None
    for at in product(*(e.extent(name) or () for name in names)):

        def term() -> Any:
            return multiply(probability(law, e), value(body, e))

        found = bind(e, names, term, at)
        result = found if result is None else add(result, found)
    return result


def variables(law: Node, e: Instance) -> set[str]:
    """The outcome letters that a distribution runs over."""
    if law.op == "sym":
        return set(distribution(law, e).of)
    if law.op == "rel" and law.kids[1].op not in ("sym", "call"):
        raise Undefined("an expectation whose distribution is not a letter")
    return {name for name in law_letters(law) if e.extent(name) is not None}


def distribution(law: Node, e: Instance) -> Any:
    """The declaration of a distribution that is named without its letters."""
    domain = e.given.get(law.name)
    if not isinstance(domain, Distribution):
        raise Undefined(f"{law.name or law.op} is not a distribution")
    return domain


def probability(law: Node, e: Instance) -> Any:
    """The probability that a distribution gives to the outcomes in force."""
    if law.op == "call":
        return value(law, e)
    domain = distribution(law, e)
    args = tuple(Node("arg", (sym(name),), name) for name in (*domain.of, *domain.on))
    return value(
        Node("call", (sym(law.name), *args), value=Fraction(len(domain.of))), e
    )


def divergence(node: Node, e: Instance) -> Any:
    """KL(a || b) or JSD(a || b) of distributions on finite outcomes."""
    a, b = (node.kids[k].kids[0] for k in (1, -1))
    names = tuple(sorted(variables(a, e)))
    result: Any = 0
    log = e.field.function
    half = e.field.divide(1, 2)
    for at in product(*(e.extent(name) or () for name in names)):
        p = bind(e, names, lambda: probability(a, e), at)
        q = bind(e, names, lambda: probability(b, e), at)
        if node.kids[0].name == "bbH":
            result -= p * log("log", p)
        elif node.kids[0].name == "JSD":
            m = (p + q) * half
            result += half * p * log("log", e.field.divide(p, m))
            result += half * q * log("log", e.field.divide(q, m))
        else:
            result += p * log("log", e.field.divide(p, q))
    return result


def call(node: Node, e: Instance) -> Any:  # noqa: PLR0911
    """A function with arguments."""
    name, args = node.kids[0].name, node.kids[1:]
    domain = e.given.get(name)
    if domain is None and name == "calN":
        x, mean, cov = (value(arg.kids[0], e) for arg in args)
        return normal(x, mean, cov, e)
    if domain is None:
        return divergence(node, e)
    if isinstance(domain, Function):
        if e.field.exact and not e.field.symbolic:
            raise NeedsReals
        rule = domain.symbol if e.field.symbolic else domain.rule
        if rule is None:
            raise Undefined(f"{name} is not symbolic")
        given = [value(arg.kids[0], e) for arg in args]
        if len(given) == 1 and isinstance(given[0], np.ndarray):
            return entries(given[0], rule)
        return rule(*given)
    if isinstance(domain, Opaque):
        return opaque(name, [value(arg.kids[0], e) for arg in args], e)
    letters = (*domain.of, *getattr(domain, "on", ()))
    at: dict[str, int] = {}
    for position, arg in enumerate(args):
        tag = arg.name if arg.name in letters else letters[position]
        k = e.field.integer(scalar(value(arg.kids[0], e)))
        if k not in (e.extent(tag) or ()):
            raise Undefined(f"{tag} has no such value")
        at[tag] = k
    if isinstance(domain, Joint):
        bar = int(node.value) if node.value is not None else len(args)
        below = [arg.name for arg in args[bar:]]
        top = marginal(name, domain, at, e)
        if not below:
            return top
        rest = {tag: k for tag, k in at.items() if tag in below}
        return e.field.divide(top, marginal(name, domain, rest, e))
    order = (*getattr(domain, "on", ()), *domain.of)
    return e[name][tuple(at[tag] - 1 for tag in order)]


def marginal(name: str, domain: Joint, at: dict[str, int], e: Instance) -> Any:
    """The sum of a joint table over the variables that are not fixed."""
    place = tuple(at[tag] - 1 if tag in at else slice(None) for tag in domain.of)
    found = e[name][place]
    return sum(found.ravel().tolist()) if isinstance(found, np.ndarray) else found


def opaque(name: str, args: list[Any], e: Instance) -> Any:
    """An unknown smooth function: a random cubic in each argument."""
    if e.field.symbolic:
        return sp.Function(name)(*args)
    result: Any = None
    for row, a in zip(e[name], args, strict=True):

        def rule(x: Any, row: Any = row) -> Any:
            return sum(c * x**k for k, c in enumerate(row))

        part = entries(a, rule) if isinstance(a, np.ndarray) else rule(scalar(a))
        result = part if result is None else add(result, part)
    return result


def normal(x: Any, mean: Any, cov: Any, e: Instance) -> Any:
    """The normal density; the second parameter is a variance or covariance."""
    if isinstance(cov, Eye):
        cov = cov.of(len(x)) if isinstance(x, np.ndarray) else cov.factor
    gap = add(x, mean, -1)
    if isinstance(gap, np.ndarray):
        if not isinstance(cov, np.ndarray) or gap.shape != (len(cov), 1):
            raise Undefined("a normal density with a covariance of another shape")
        form = settle(gap.T @ remembered("inverse", cov, inverse, e) @ gap)
        size, volume = len(cov), det(cov, e)
    else:
        form, size, volume = e.field.divide(gap * gap, scalar(cov)), 1, scalar(cov)
    if not e.field.symbolic and volume <= 0:
        raise Undefined("a normal density with a variance that is not positive")
    half = e.field.divide(1, 2)
    key = ("normal", size, volume)  # an integral asks for the same one a thousand times
    if key not in e.memo:
        e.memo[key] = root((2 * e.field.pi()) ** size * volume, e)
    return e.field.divide(e.field.function("exp", -form * half), e.memo[key])


def defined_table(name: str, domain: Defined | DefinedValues, e: Instance) -> Any:
    """The table of a letter from its printed definition."""
    equation = e.lookup(domain.label)
    head, body = equation.sides[0], equation.sides[-1]
    letters = [kid.name for kid in head_indices(head)]
    if isinstance(domain, DefinedValues):
        extents = [e.extent(letter) or range(0) for letter in domain.of]
    else:
        starts = [axis(spec)[1] for spec in domain.axes]
        pairs = zip(starts, domain.axes, strict=True)
        extents = [range(s, s + e.size(spec)) for s, spec in pairs]
    if len(letters) > len(extents):
        raise Undefined(f"{name} has other axes than ({domain.label}) prints")
    extents = extents[: len(letters)]
    scope, e.scope = e.scope, {}
    try:
        out = np.empty(tuple(len(r) for r in extents), object)
        for at in product(*extents):
            place = tuple(k - r.start for k, r in zip(at, extents, strict=True))
            cell = bind(e, tuple(letters), lambda: value(body, e), at)
            column = np.ndim(cell) == 2 and np.shape(cell)[1] == 1
            out[place] = cell[:, 0] if column else cell
        return stacked(out) if letters else out[()]
    finally:
        e.scope = scope


def head_indices(head: Node) -> tuple[Node, ...]:
    """The indices or arguments on the left of a definition."""
    if head.op == "call":
        return tuple(arg.kids[0] for arg in head.kids[1:])
    return head.kids
