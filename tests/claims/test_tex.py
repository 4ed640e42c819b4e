"""The reader: 53 displayed equations with the right value, and no silent misreading."""

import time
from typing import Any

import pytest
from mpmath import mp

from claims.book import read
from claims.domains import Index, Outcome, Positive, Real, Simplex, Size
from claims.fields import REAL
from claims.instances import draw, free_indices
from claims.letters import check_letters
from claims.linear import close
from claims.numbers import bind, value
from claims.problem import places
from claims.tex import TexError, canonical, parse
from tests.claims.equations import ROWS, UNREAD


@pytest.mark.parametrize(
    ("name", "tex", "given", "reference"), ROWS, ids=[r[0] for r in ROWS]
)
def test_displayed_equation_has_the_value_of_its_reference(
    name: str, tex: str, given: dict[str, Any], reference: Any
) -> None:
    equation = read(tex, name, given)
    check_letters(equation, given, equation.sides)
    tree = equation.sides[-1]
    with mp.workdps(40):
        for seed in range(3):
            e = draw(given, seed, REAL)
            for place in list(places(free_indices((tree,), given), e))[:4]:
                letters, at = tuple(place), tuple(place.values())
                printed = bind(e, letters, lambda: value(tree, e), at)  # noqa: B023
                expected = bind(e, letters, lambda: reference(e), at)  # noqa: B023
                assert close(printed, expected, 1e-6), (name, printed, expected)


def test_the_table_has_the_53_equations_of_the_study() -> None:
    assert len(ROWS) == 53
    with pytest.raises(TexError, match="inverse of a function"):
        read(UNREAD, "change-of-variables", {"p_Z": Outcome(), "f": _function()})


def _function() -> Any:
    from claims.domains import Function  # noqa: PLC0415

    return Function(lambda t: t)


def test_reading_takes_at_most_five_milliseconds() -> None:
    longest = 0.0
    for name, tex, given, _ in ROWS:
        runs = []
        for _ in range(3):
            start = time.perf_counter()
            read(tex, name, given)
            runs.append(time.perf_counter() - start)
        longest = max(longest, min(runs))
    assert longest < 0.005


LETTERS: dict[str, Any] = {
    "N": Size(),
    "K": Size(),
    "n": Index("N"),
    "k": Index("K"),
    "x": Real("N"),
    "r": Simplex("N", "K"),
    "a": Real(),
    "b": Real(),
    "sigma": Positive(),
}
HOSTILE = [
    (r"\frac{a}{b", "never closed"),
    (r"\frac{a}{b}}", "closing brace"),
    (r"\frca{a}{b}", "unknown command"),
    (r"a/2b", "ambiguous quotient"),
    (r"a/b/2", "ambiguous quotient"),
    (r"1/2 \log a", "ambiguous quotient"),
    (r"\log a (b)", "ambiguous"),
    (r"\log(a)(b)", "ambiguous"),
    (r"\log^2 a", "power on the name"),
    (r"\exp a b", "brackets"),
    (r"\sum a", "without limits"),
    (r"\sum_{m} x_m", "without limits"),
    (r"\sum_{m=1} x_m", "no upper limit"),
    (r"\sum^{N} x_n", "without limits"),
    (r"\sum_{n=1}^{N} + x_n", "followed by a sign"),
    (r"\prod_{n=1}^{N} x_n / 2", "slash after"),
    (r"a^23", "second digit"),
    (r"a^2^2", "two superscripts"),
    (r"2 3", "two numbers"),
    (r"a * b", "is not read"),
    (r"K!", "is not read"),
    (r"N_k", "two meanings"),
    (r"k_n", "two meanings"),
    (r"c + a", "not declared"),
    (r"\sum_{a=1}^{N} x_a", "both a quantity and an index"),
    (r"x_{nk}", "2 indices but 1 axes"),
    (r"\pi_k a", "indexed pi"),
    (r"\mathbb{E}[a]", "names its distribution"),
    (r"\mathbb{E}_{q}a", "brackets"),
    (r"x^T a", "written .top"),
    (r"(a + b", "expected"),
    (r"a + ", "ends too early"),
    (r"a + + b", "two signs"),
    (r"\left( a \right]", "expected"),
    (r"a & b", "unexpected|expected"),
    (r"\begin{matrix} a \end{matrix}", "unknown environment"),
    (r"a = b \\ b = a", "several equations"),
    (r"\operatorname{foo}(a)", "unknown function"),
    (r"\text{number of } a", "not declared"),
    (r"f(a)", "not declared"),
    (r"\sqrt[3]{a}", "root with an index"),
    (r"a % b", "comment"),
    (r"x_{n+1k}", "need a comma"),
    (r"\lVert x \rVert_3", "subscript 3"),
    (r"\mathbb{I}[a]", "not a condition"),
    (r"\int a", "without its d"),
    (r"\frac{}{a}", "empty argument"),
    (r"a ^ {}", "empty argument"),
    (r"x_{}", "empty index"),
    (r"\sum_{n=1}^{N} \sum_{n=1}^{N} n_n", "bound again"),
    ("a \u00d7 b", "unexpected character"),
    (r"\arg b", "without"),
    (r"\log_2 a", "unexpected"),
    (r"\sum_{n \neq k} x_n", "not of the form"),
    (r"\exp\{a\} b \left. a", "unexpected"),
]


@pytest.mark.parametrize(("tex", "reason"), HOSTILE)
def test_hostile_input_is_an_error_with_label_and_column(tex: str, reason: str) -> None:
    with pytest.raises(TexError, match=reason) as caught:  # noqa: PT012
        equation = read(tex, "some-label", LETTERS)
        if equation.more:
            raise TexError("several equations", tex, 0, "some-label")
        check_letters(equation, LETTERS, equation.sides)
    assert "some-label" in str(caught.value)
    assert "column" in str(caught.value)
    assert ">>>" in str(caught.value)


def test_definitions_may_hold_words_and_other_signs() -> None:
    for tex in (
        r"x_n \sim \mathcal{N}(\mu, \operatorname{diag}(\sigma^2))",
        r"c := \operatorname{Cov}[x, y] \quad\text{for every pair}",
        r"\hat z = \arg\max_k \pi_k\,\mathcal{N}(x\mid\mu_k,\Sigma_k)",
        r"p(z \mid x) \propto p(x \mid z)\,p(z)",
        r"k^\star = \operatorname*{argmin}_j \|x - \mu_j\|",
    ):
        assert parse(tex, "some-label").sides


def test_short_fractions_and_braces() -> None:
    given = {"a": Real()}
    for tex in (r"\frac12 a", r"\tfrac{1}{2}a", r"\left\{ \frac a2 \right\}"):
        with mp.workdps(40):
            e = draw(given, 0, REAL)
            assert close(value(read(tex, "a-b", given).sides[0], e), e.a / 2)


def test_pi_as_scalar_parameter_is_ambiguous() -> None:
    given = {"pi": Positive(), "a": Real()}
    equation = read(r"\pi a", "some-label", given)
    with pytest.raises(TexError, match="two meanings"):
        check_letters(equation, given, equation.sides)


@pytest.mark.parametrize(
    "tex",
    [
        r"\begin{aligned} a &= b + b \\ &= 2 b \end{aligned}",
        r"\begin{split} a &= b \\ &\quad + b \\ &= 2b \end{split}",
        r"a = b + b = 2 b \,,\qquad k = 1, \dots, K.",
        "a = b\n+ b = 2b",
    ],
)
def test_an_aligned_display_is_a_chain(tex: str) -> None:
    equation = parse(tex, "some-label", letters={"a", "b"})
    assert len(equation.sides) == 3
    assert equation.signs == ("=", "=")


@pytest.mark.parametrize(
    ("key", "name"),
    [
        (r"\hat p", "p_hat"),
        (r"\boldsymbol{\mu}", "mu"),
        (r"q_\phi", "q_phi"),
        (r"p_{\text{data}}", "p_data"),
        (r"\mathcal{L}", "calL"),
        (r"\bar{\mathbf{x}}", "x_bar"),
        ("y_gt", "y_gt"),
        (r"\mu_k", "mu_k"),
    ],
)
def test_keys_of_given_are_read_like_the_page(key: str, name: str) -> None:
    assert canonical(key) == name


def test_a_normal_density_is_integrated_over_the_whole_line() -> None:
    """Kills a guard that takes its far tails for a formula without a value."""
    given = {"a": Real(), "b": Positive()}
    tex = r"\int_{-\infty}^{\infty} (x - a)^2 \mathcal{N}(x \mid a, b) \, dx"
    with mp.workdps(40):
        e = draw(given, 0, REAL)
        assert close(value(read(tex, "a-b", given).sides[0], e), e.b)
