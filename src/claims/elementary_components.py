"""Logarithms, determinants, traces and other functions, in components."""

from typing import Any

import sympy as sp

from claims.declared import NotScalar, base_of
from claims.nodes import Node

ONE = "1"
Shape = tuple[Any, Any]
SCALAR: Shape = (ONE, ONE)
KEEP = ("exp", "sin", "cos", "tanh", "sinh", "cosh", "sqrt", "sign", "floor")


class FunctionComponents:
    """Methods of `components.Components` (which is the self), split off for length."""

    def squares(self: Any, node: Node, scope: dict[str, Any]) -> Any:
        """The sum of squares over all components."""
        names, limits = [], []
        for extent in self.shape(node, scope):
            if extent == ONE:
                names.append(None)
                continue
            size, start = self.axis(extent)
            names.append(self.fresh("c"))
            limits.append((names[-1], start, size + start - 1))
        square = self.comp(node, names[0], names[1], scope) ** 2
        return sp.Sum(square, *limits) if limits else square

    def inverse(self: Any, node: Node, i: Any, j: Any, scope: dict[str, Any]) -> Any:
        """One over a number, or the letter that stands for an inverse matrix."""
        if self.shape(node, scope) == SCALAR:
            return 1 / self.scalar(node, scope)
        if node.op != "sym":
            raise NotScalar("the inverse of a compound matrix")
        places = [self.scalar(kid, scope) for kid in node.kids]
        family: Any = sp.IndexedBase(node.name + "_inv")
        return family[(*places, i, j)]

    def bars(self: Any, node: Node, scope: dict[str, Any]) -> Any:
        """An absolute value or a determinant."""
        if self.shape(node, scope) == SCALAR:
            return sp.Abs(self.scalar(node, scope))
        return self.determinant(node, scope)

    def determinant(self: Any, node: Node, scope: dict[str, Any]) -> Any:
        """The letter that stands for a determinant."""
        if node.op == "mul" and self.shape(node.kids[0], scope) == SCALAR:
            size = self.axis(self.shape(node, scope)[0])[0]
            factor = self.scalar(node.kids[0], scope)
            return factor**size * self.determinant(node.kids[1], scope)
        if node.op != "sym":
            raise NotScalar("the determinant of a compound matrix")
        from claims.gradients import LogDet  # noqa: PLC0415

        size = self.axis(self.shape(node, scope)[0])[0]
        places = [self.scalar(kid, scope) for kid in node.kids]
        return sp.exp(LogDet(base_of(node.name, self.given), size, *places))

    def function(self: Any, node: Node, i: Any, j: Any, scope: dict[str, Any]) -> Any:  # noqa: PLR0911
        """A named function."""
        name, kid = node.name, node.kids[0]
        if name in ("log", "ln"):
            return self.log(kid, i, j, scope)
        if name == "tr":
            rows = self.shape(kid, scope)[0]
            if rows == ONE:
                return self.scalar(kid, scope)
            size, start = self.axis(rows)
            m = self.fresh("c")
            return sp.Sum(self.comp(kid, m, m, scope), (m, start, size + start - 1))
        if name == "det":
            return self.bars(kid, scope)
        if name == "diag":
            return self.comp(kid, i, None, scope) * sp.KroneckerDelta(i, j)
        if name == "sigmoid":
            return 1 / (1 + sp.exp(-self.comp(kid, i, j, scope)))
        if name == "softplus":
            return sp.log(1 + sp.exp(self.comp(kid, i, j, scope)))
        if name in KEEP:
            return getattr(sp, name)(self.comp(kid, i, j, scope))
        raise NotScalar(f"{name} is not written in components")

    def log(self: Any, node: Node, i: Any, j: Any, scope: dict[str, Any]) -> Any:  # noqa: PLR0911
        """A logarithm; products, quotients and normal densities are taken apart."""
        if node.op == "mul" and self.shape(node, scope) == SCALAR:
            return sum(self.log(kid, i, j, scope) for kid in node.kids)
        if node.op == "div":
            return self.log(node.kids[0], i, j, scope) - self.log(
                node.kids[1], i, j, scope
            )
        if node.op == "call" and node.kids[0].name == "calN":
            return self.log_normal(node, scope)
        if node.op == "prod" and self.shape(node, scope) == SCALAR:
            body = Node("fn", (node.kids[-1],), "log", at=node.at)
            return self.total(
                Node("sum", (*node.kids[:-1], body), node.name), i, j, scope
            )
        if node.op == "pow" and self.shape(node.kids[0], scope) == SCALAR:
            base, exponent = node.kids
            if base.op != "norm":
                return self.scalar(exponent, scope) * self.log(base, i, j, scope)
        if node.op == "abs" or (node.op == "fn" and node.name == "det"):
            return self.log_of(self.comp(node, i, j, scope))
        if node.op == "fn" and node.name == "exp":
            return self.comp(node.kids[0], i, j, scope)
        return sp.log(self.comp(node, i, j, scope))

    def log_of(self: Any, value: Any) -> Any:
        """A logarithm, exponentials undone."""
        if isinstance(value, sp.Mul):
            return sum(self.log_of(part) for part in value.args)
        return value.args[0] if isinstance(value, sp.exp) else sp.log(value)

    def log_normal(self: Any, node: Node, scope: dict[str, Any]) -> Any:
        """The logarithm of a normal density, in components."""
        x, mean, cov = (arg.kids[0] for arg in node.kids[1:])
        gap = Node("sub", (x, mean))
        extent = self.shape(gap, scope)
        if extent == SCALAR:
            v = self.scalar(cov, scope)
            square = self.scalar(gap, scope) ** 2
            return -(sp.log(2 * sp.pi) + sp.log(v)) / 2 - square / (2 * v)
        size = self.axis(extent[0])[0]
        constant = -size * sp.log(2 * sp.pi) / 2
        diagonal = cov.kids[0] if cov.op == "fn" and cov.name == "diag" else None
        isotropic = cov.op == "mul" and cov.kids[1].name == "I"
        if cov.op == "sym" and cov.name == "I" and "I" not in self.given:
            return constant - self.squares(gap, scope) / 2
        if isotropic:
            v = self.scalar(cov.kids[0], scope)
            return constant - size * sp.log(v) / 2 - self.squares(gap, scope) / (2 * v)
        if diagonal is not None:
            m = self.fresh("c")
            v = self.comp(diagonal, m, None, scope)
            term = sp.log(v) / 2 + self.comp(gap, m, None, scope) ** 2 / (2 * v)
            return constant - sp.Sum(term, (m, 1, size))
        form = Node("mul", (Node("mul", (Node("T", (gap,)), Node("inv", (cov,)))), gap))
        volume = self.log_of(self.determinant(cov, scope))
        return constant - volume / 2 - self.scalar(form, scope) / 2
