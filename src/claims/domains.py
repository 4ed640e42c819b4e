"""What the letters of a formula mean: the declarations that chapters use.

Numbers and tables are in `claims.tables`, matrices in `claims.matrices`, functions and
distributions in `claims.functions`.
"""

from claims.functions import (
    FUNCTIONS,
    Defined,
    DefinedValues,
    Derived,
    Distribution,
    Function,
    Given,
    Joint,
    Opaque,
    Parameter,
    Values,
)
from claims.matrices import Definite, Invertible, Orthonormal, Permutation
from claims.tables import (
    Between,
    Binary,
    Domain,
    Index,
    Label,
    Negative,
    Observed,
    OneHot,
    Outcome,
    Positive,
    Real,
    Simplex,
    Size,
    Unit,
    between,
    shuffled,
    table,
)

__all__ = [
    "FUNCTIONS",
    "Between",
    "Binary",
    "Defined",
    "DefinedValues",
    "Definite",
    "Derived",
    "Distribution",
    "Domain",
    "Function",
    "Given",
    "Index",
    "Invertible",
    "Joint",
    "Label",
    "Negative",
    "Observed",
    "OneHot",
    "Opaque",
    "Orthonormal",
    "Outcome",
    "Parameter",
    "Permutation",
    "Positive",
    "Real",
    "Simplex",
    "Size",
    "Unit",
    "Values",
    "between",
    "shuffled",
    "table",
]
