"""Distributions on finite outcomes, in components."""

from fractions import Fraction
from typing import Any

import sympy as sp

from claims.declared import NotScalar, base_of
from claims.domains import (
    DefinedValues,
    Distribution,
    Joint,
    Label,
    Opaque,
    Values,
)
from claims.letters import law_letters
from claims.nodes import Node, sym


class OutcomeComponents:
    """Methods of `components.Components` (which is the self), split off for length."""

    def indicator(self: Any, node: Node, scope: dict[str, Any]) -> Any:
        """An indicator of equal indices, or a letter of its own for labels."""
        if node.op != "rel" or node.name != "=":
            raise NotScalar("an indicator that is not of an equality")
        left, right = node.kids
        domain = self.given.get(left.name) if left.op == "sym" else None
        if isinstance(domain, Label):
            places = [self.scalar(kid, scope) for kid in (*left.kids, right)]
            family: Any = sp.IndexedBase(f"is_{left.name}")
            return family[tuple(places)]
        return sp.KroneckerDelta(self.scalar(left, scope), self.scalar(right, scope))

    def expectation(
        self: Any, node: Node, i: Any, j: Any, scope: dict[str, Any]
    ) -> Any:
        """A sum over finite outcomes."""
        law, body = node.kids
        letters = self.variables(law)
        inner, limits = self.bind(letters, scope)
        term = self.law(law, inner) * self.comp(body, i, j, inner)
        return sp.Sum(term, *limits)

    def bind(self: Any, letters: list[str], scope: dict[str, Any]) -> Any:
        """Fresh letters for outcomes, with their limits."""
        fresh = {letter: self.fresh(letter.rstrip("'")) for letter in letters}
        limits = [(fresh[letter], *self.limits(letter)) for letter in letters]
        return {**scope, **fresh}, limits

    def variables(self: Any, law: Node) -> list[str]:
        """The outcome letters of a distribution."""
        if law.op == "sym":
            return list(self.given[law.name].of)
        return sorted(law_letters(law))

    def law(self: Any, law: Node, scope: dict[str, Any]) -> Any:
        """The probability of the outcomes in scope."""
        law = law.kids[1] if law.op == "rel" else law
        if law.op == "call":
            return self.call(law, scope)
        domain = self.given[law.name]
        args = tuple(
            Node("arg", (sym(name),), name) for name in (*domain.of, *domain.on)
        )
        head = Node("call", (sym(law.name), *args), value=Fraction(len(domain.of)))
        return self.call(head, scope)

    def call(self: Any, node: Node, scope: dict[str, Any]) -> Any:  # noqa: PLR0911
        """A function with arguments."""
        name, args = node.kids[0].name, node.kids[1:]
        domain = self.given.get(name)
        if name == "calN" and domain is None:
            return sp.exp(self.log_normal(node, scope))
        if domain is None:
            return self.divergence(node, scope)
        if isinstance(domain, Opaque):
            return sp.Function(name)(*(self.scalar(a.kids[0], scope) for a in args))
        if isinstance(domain, DefinedValues):
            places = [self.scalar(a.kids[0], scope) for a in args]
            return self.defined(domain, places)
        if not isinstance(domain, Distribution | Joint | Values):
            symbol = getattr(domain, "symbol", None)
            if symbol is None:
                raise NotScalar(f"{name} is known only as numbers")
            return symbol(*(self.scalar(a.kids[0], scope) for a in args))
        letters = (*domain.of, *getattr(domain, "on", ()))
        at = {
            (arg.name if arg.name in letters else letters[k]): self.scalar(
                arg.kids[0], scope
            )
            for k, arg in enumerate(args)
        }
        if isinstance(domain, Joint):
            bar = int(node.value) if node.value is not None else len(args)
            below = {arg.name: at[arg.name] for arg in args[bar:]}
            top = self.marginal(name, domain, at)
            return top / self.marginal(name, domain, below) if below else top
        order = (*getattr(domain, "on", ()), *domain.of)
        return base_of(name, self.given)[tuple(at[tag] for tag in order)]

    def marginal(self: Any, name: str, domain: Joint, at: dict[str, Any]) -> Any:
        """A joint table summed over the variables that are not fixed."""
        inner, limits = self.bind([v for v in domain.of if v not in at], {})
        places = tuple({**inner, **at}[v] for v in domain.of)
        entry = base_of(name, self.given)[places]
        return sp.Sum(entry, *limits) if limits else entry

    def divergence(self: Any, node: Node, scope: dict[str, Any]) -> Any:
        """KL or JSD as a sum over finite outcomes."""
        a, b = (node.kids[k].kids[0] for k in (1, -1))
        inner, limits = self.bind(self.variables(a), scope)
        p, q = self.law(a, inner), self.law(b, inner)
        if node.kids[0].name == "bbH":
            return sp.Sum(-p * sp.log(p), *limits)
        if node.kids[0].name == "JSD":
            m = sp.log(p + q) - sp.log(2)
            return sp.Sum((p * (sp.log(p) - m) + q * (sp.log(q) - m)) / 2, *limits)
        return sp.Sum(p * (sp.log(p) - sp.log(q)), *limits)
