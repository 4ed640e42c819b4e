"""Letters that are functions, distributions on outcomes, or defined by others."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from claims.tables import Domain, Real


@dataclass(frozen=True)
class Function:
    """A known function of numbers, such as the logistic function called sigma."""

    rule: Callable[..., Any]
    symbol: Callable[..., Any] | None = None


@dataclass(frozen=True)
class Opaque:
    """An unknown smooth function: a random cubic in each argument."""

    arity: int = 1


@dataclass(frozen=True)
class Distribution:
    """A distribution of `of` (finite outcomes), given `on`: positive, sums to one."""

    of: tuple[str, ...]
    on: tuple[str, ...] = ()

    def __init__(self, *of: str, on: tuple[str, ...] | str = ()):
        object.__setattr__(self, "of", of)
        object.__setattr__(self, "on", (on,) if isinstance(on, str) else tuple(on))


@dataclass(frozen=True)
class Joint:
    """A joint distribution whose marginals and conditionals carry the same letter."""

    of: tuple[str, ...]

    def __init__(self, *of: str):
        object.__setattr__(self, "of", of)


@dataclass(frozen=True)
class Values:
    """A function on finite outcomes with values in a scalar domain, such as D(x)."""

    of: tuple[str, ...]
    kind: Domain = field(default_factory=Real)

    def __init__(self, *of: str, kind: Domain | None = None):
        object.__setattr__(self, "of", of)
        object.__setattr__(self, "kind", kind or Real())


@dataclass(frozen=True)
class Derived:
    """A letter computed from the others: `rule(e)` gives its table."""

    rule: Callable[[Any], Any]
    axes: tuple[str, ...] = ()

    def __init__(self, rule: Callable[[Any], Any], *axes: str):
        object.__setattr__(self, "rule", rule)
        object.__setattr__(self, "axes", axes)


@dataclass(frozen=True)
class Defined:
    """A letter whose meaning is a printed definition, given by its label."""

    label: str
    axes: tuple[str, ...] = ()

    def __init__(self, label: str, *axes: str):
        object.__setattr__(self, "label", label)
        object.__setattr__(self, "axes", axes)


@dataclass(frozen=True)
class DefinedValues:
    """A function on finite outcomes with a printed definition, such as D*(x)."""

    label: str
    of: tuple[str, ...]

    def __init__(self, label: str, *of: str):
        object.__setattr__(self, "label", label)
        object.__setattr__(self, "of", of)


@dataclass(frozen=True)
class Parameter:
    """A letter that may stand among the arguments of a distribution, without effect.

    `p(x, z; theta)` is then read as `p(x, z)`: one fixed parameter is meant throughout.
    """


Given = dict[str, Any]


FUNCTIONS = (Function, Opaque, Distribution, Joint, Values, DefinedValues)
