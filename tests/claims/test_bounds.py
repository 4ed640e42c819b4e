"""Every sign of a chain is checked at its own place; nothing printed goes unread."""

from pathlib import Path
from typing import Any

import pytest
from mpmath import mp

from claims import (
    ClaimError,
    bounded_by,
    cited,
    claim,
    definition,
    equal,
    general,
    gradient_of,
    limit_of,
    maximises,
    minimises,
    symbolic,
)
from claims.book import open_book
from claims.check import Check
from claims.domains import (
    Defined,
    Derived,
    Distribution,
    Function,
    Index,
    Joint,
    Orthonormal,
    Positive,
    Real,
    Size,
)
from claims.printed import left_unread
from claims.problem import Problem
from claims.tex import TexError
from tests.claims.pages import GMM, MEAN, book

TWO: dict[str, Any] = {"a": Real(), "b": Real()}
SAME = bounded_by(tight_at=lambda e: {"b": e.a})
MIDDLE = r"\frac{a^2+b^2}{2}"
TOP = r"\frac{a^2+b^2}{2}+\frac{(a-b)^2}{4}"
CHAIN = rf"ab \le {MIDDLE} %s {TOP}"
LARGER = dict.fromkeys(
    (
        "dropped: (a - b)^2 / 4 -> (a - b)^2",
        "times for over: (a - b)^2 / 4 -> (a - b)^2 4",
        "number: 4 -> 5",
        "number: 4 -> 3",
    ),
    "any multiple of a square bounds as well",
)


def test_a_chain_of_bounds(tmp_path: Path) -> None:
    pages = book(tmp_path, two_bounds=CHAIN % r"\le")
    verdict = claim("two-bounds", SAME, given=TWO, equivalents=LARGER, book=pages)
    assert verdict.sentence.startswith("holds on 3 exact instances; ")


FALSE = [
    # the second sign is wrong, though both sides exceed the first and all touch
    rf"ab \le {TOP} \le {MIDDLE}",
    # an equality after a bound, between different sides
    rf"ab \le {MIDDLE} = {TOP}",
    # and before it
    rf"ab = {MIDDLE} \le {TOP}",
    # the first sign is wrong
    rf"{TOP} \le {MIDDLE} \le a^2-ab+b^2",
]


@pytest.mark.parametrize("tex", FALSE)
def test_a_false_sign_in_a_chain_is_refused(tmp_path: Path, tex: str) -> None:
    pages = book(tmp_path, two_bounds=tex)
    with pytest.raises(ClaimError, match="disagrees"):
        claim("two-bounds", SAME, given=TWO, book=pages)


MIXED = [
    rf"ab \le {MIDDLE} = \frac{{(a+b)^2}}{{2}}-ab",
    rf"\frac{{(a+b)^2-(a-b)^2}}{{4}} = ab \le {MIDDLE}",
    rf"\begin{{aligned}}{MIDDLE} &\ge ab \\ &= \frac{{(a+b)^2-a^2-b^2}}{{2}}"
    r"\end{aligned}",
]


@pytest.mark.parametrize("tex", MIXED)
def test_mixed_chains_pass_and_are_proved_sign_by_sign(
    tmp_path: Path, tex: str
) -> None:
    pages = book(tmp_path, mixed_chain=tex, mixed_gap=r"g = \frac{(a-b)^2}{2}")
    verdict = claim("mixed-chain", SAME, given=TWO, book=pages)
    assert verdict.status == "verified at random exact instances"
    referee = bounded_by(tight_at=SAME.tight_at, gap="mixed-gap")
    verdict = claim("mixed-chain", referee, given=TWO, proof=general, book=pages)
    assert verdict.status == "proved in general"


def test_the_prover_does_not_skip_a_sign(tmp_path: Path) -> None:
    tex = rf"ab \le {MIDDLE} = {TOP}"
    pages = book(tmp_path, mixed_chain=tex, mixed_gap=r"g = \frac{(a-b)^2}{2}")
    shelf = open_book(pages)
    problem = Problem("mixed-chain", shelf.equation("mixed-chain", TWO), TWO, shelf)
    referee = bounded_by(tight_at=SAME.tight_at, gap="mixed-gap")
    found = [referee.prove(problem, k, problem.sides[k]) for k in (1, 2)]
    assert found == [True, False]


def test_one_gap_serves_one_inequality(tmp_path: Path) -> None:
    tex = CHAIN % r"\le"
    pages = book(tmp_path, two_bounds=tex, two_gap=r"g = \frac{(a-b)^2}{2}")
    referee = bounded_by(tight_at=SAME.tight_at, gap="two-gap")
    with pytest.raises(ClaimError, match="one inequality"):
        claim(
            "two-bounds",
            referee,
            given=TWO,
            proof=general,
            equivalents=LARGER,
            book=pages,
        )


def test_a_name_before_a_mixed_chain(tmp_path: Path) -> None:
    pages = book(tmp_path, named_chain=rf"m = ab \le {MIDDLE}")
    assert claim("named-chain", SAME, given=TWO, book=pages)
    pages = book(tmp_path / "other", named_chain=rf"m \le {MIDDLE}")
    with pytest.raises(ClaimError, match="first side of the bound has no value"):
        claim("named-chain", SAME, given=TWO, book=pages)


@pytest.mark.parametrize(("tex", "right"), [("ab", True), ("2ab", False)])
def test_a_first_side_with_a_value_equals_its_reference(
    tmp_path: Path, tex: str, right: bool
) -> None:
    pages = book(tmp_path, with_reference=rf"{tex} \le a^2+b^2")
    letters = {"a": Positive(), "b": Positive()}
    # 2ab is a better bound, but not what the reference computes
    referee = bounded_by(lambda e: e.a * e.b, tight_at=lambda e: {"a": 0, "b": 0})
    if right:
        with pytest.raises(ClaimError, match="survive"):  # touching at zero is weak
            claim("with-reference", referee, given=letters, book=pages)
    else:
        with pytest.raises(ClaimError, match="disagrees"):
            claim("with-reference", referee, given=letters, book=pages)


def test_symbols_prove_no_bound(tmp_path: Path) -> None:
    pages = book(tmp_path, one_bound=rf"ab \le {MIDDLE}")
    with pytest.raises(ClaimError, match="equalities and optima only"):
        claim("one-bound", SAME, given=TWO, proof=symbolic(), book=pages)


# -- the same kind of hole elsewhere ------------------------------------------------

MEAN_OF_X = Derived(lambda e: sum(e.x) / e.N)
CHAINS: dict[str, Any] = {"N": Size(), "x": Real("N"), "m": MEAN_OF_X}
SPREAD = r"\sum_{n=1}^{N}(x_n-m)^2"
SQUARES = r"\sum_{n=1}^{N}x_n^2-%sN m^2"


def mean(e: Any) -> Any:
    """The mean of the numbers."""
    return sum(e.x) / e.N


def spread(e: Any) -> Any:
    """Bernoulli's sum of the squared deviations."""
    return sum((v - mean(e)) ** 2 for v in e.x)


@pytest.mark.parametrize(
    "tex",
    [
        rf"s = {SPREAD} = {SQUARES % '2'}",
        rf"s = {SQUARES % '2'} = {SPREAD}",
        rf"{SPREAD} = {SQUARES % ''} = {SQUARES % '2'}",
    ],
)
@pytest.mark.parametrize("referee", [equal(), equal(spread), equal("the-spread")])
def test_a_false_link_in_a_chain_of_equalities(
    tmp_path: Path, tex: str, referee: Any
) -> None:
    form = r"s = \sum_{n=1}^{N}x_n(x_n-m)"
    pages = book(tmp_path, a_chain=tex, the_spread=form)
    with pytest.raises(ClaimError, match="disagrees"):
        claim("a-chain", referee, given=CHAINS, book=pages)


@pytest.mark.parametrize("wrong", [1, 2])
def test_a_false_link_in_a_chain_of_optima(tmp_path: Path, wrong: int) -> None:
    right = MEAN.partition("=")[2]
    sides = [right, right.replace("n", "i")]
    sides[wrong - 1] = "2" + sides[wrong - 1]
    distortion = r"J = \sum_{n=1}^{N}\sum_{k=1}^{K} r_{nk}\lVert x_n-\mu_k\rVert^2"
    chain = rf"\hat\mu_k = {sides[0]} = {sides[1]}"
    pages = book(tmp_path, km_distortion=distortion, km_mean=chain)
    with pytest.raises(ClaimError, match="disagrees"):
        claim("km-mean", minimises("km-distortion", r"\mu_k"), given=GMM, book=pages)


def test_what_another_display_prints_is_not_claimed_again(tmp_path: Path) -> None:
    pages = book(tmp_path, a_spread=f"s = {SPREAD}", same_spread=f"t = {SPREAD}")
    with pytest.raises(ClaimError, match="prints what"):
        claim("same-spread", equal("a-spread"), given=CHAINS, book=pages)


@pytest.mark.parametrize(
    ("tex", "unread"),
    [
        (rf"2S(x) = {SPREAD} = {SQUARES % ''}", True),
        (rf"S(x) = {SPREAD} = {SQUARES % ''}", False),
        (rf"{SPREAD} = {SQUARES % ''}", False),
    ],
)
def test_a_left_side_that_nothing_checks_is_said(
    tmp_path: Path, tex: str, unread: bool
) -> None:
    pages = book(tmp_path, a_chain=tex)
    verdict = claim("a-chain", equal(), given=CHAINS, book=pages)
    assert ("left side not checked" in verdict.sentence) is unread


def test_an_update_of_twice_the_name_is_not_passed_over(tmp_path: Path) -> None:
    distortion = r"J = \sum_{n=1}^{N}\sum_{k=1}^{K} r_{nk}\lVert x_n-\mu_k\rVert^2"
    pages = book(tmp_path, km_distortion=distortion, km_mean="2" + MEAN)
    verdict = claim(
        "km-mean", minimises("km-distortion", r"\mu_k"), given=GMM, book=pages
    )
    assert "left side not checked" in verdict.sentence


def test_a_reference_is_met_on_instances_also_when_the_rest_is_proved(
    tmp_path: Path,
) -> None:
    letters = {**CHAINS, "m": Defined("a-mean")}
    pages = book(
        tmp_path,
        a_mean=r"m = \frac{1}{N}\sum_{n=1}^{N}x_n",
        a_chain=rf"s = {SPREAD} = {SQUARES % ''}",
    )
    verdict = claim("a-chain", equal(spread), given=letters, proof=general, book=pages)
    assert verdict.sentence.startswith("equality of the right-hand sides proved")
    assert verdict.status == "verified at random exact instances"
    assert "“Bernoulli's sum of the squared deviations”" in verdict.how
    verdict = claim("a-chain", equal(), given=letters, proof=general, book=pages)
    assert verdict.status == "proved in general"


def test_symbols_prove_every_side_against_a_reference(tmp_path: Path) -> None:
    pages = book(tmp_path, a_chain=rf"s = {SPREAD} = {SQUARES % ''}")
    shelf = open_book(pages)
    equation = shelf.equation("a-chain", CHAINS)
    check = Check(Problem("a-chain", equation, CHAINS, shelf), equal(spread), 3)
    assert check.to_prove(symbolic(N=2)) == [1, 2]
    assert check.to_prove(general) == [2]
    assert not left_unread(check.problem, check.referee)


def test_the_weakest_side_of_a_chain_names_the_proof(tmp_path: Path) -> None:
    right = MEAN.partition("=")[2]
    chain = rf"\hat\mu_k = {right} = {right.replace('n', 'i')}"
    distortion = r"J = \sum_{n=1}^{N}\sum_{k=1}^{K} r_{nk}\lVert x_n-\mu_k\rVert^2"
    pages = book(tmp_path, km_distortion=distortion, km_mean=chain)

    class Mixed:
        """First side stationary, second side global."""

        status = "proved in general"

        def prove(self, problem: Any, referee: Any, position: int, side: Any) -> str:
            return "stationary" if position == 1 else "global"

        def words(self, problem: Any, referee: Any, extent: Any) -> str:
            return f"{extent} point proved"

    referee = minimises("km-distortion", r"\mu_k")
    verdict = claim("km-mean", referee, given=GMM, proof=Mixed(), book=pages)
    assert verdict.sentence.startswith("stationary point")


# -- definitions, conditions, limits, derivatives ------------------------------------


def test_a_definition_states_nothing_else(tmp_path: Path) -> None:
    pages = book(
        tmp_path,
        def_chain=rf"s = {SPREAD} = {SQUARES % ''}",
        def_valued=rf"N m = {SPREAD}",
        def_plain=rf"s = {SPREAD}",
        def_two=r"s = 1 \\ t = 2",
    )
    with pytest.raises(ClaimError, match="two signs"):
        definition("def-chain", book=pages)
    with pytest.raises(ClaimError, match="both sides have a value"):
        definition("def-valued", given=CHAINS, book=pages)
    with pytest.raises(ClaimError, match="several definitions"):
        definition("def-two", book=pages)
    verdict = definition("def-plain", given=CHAINS, book=pages)
    assert verdict.how.endswith("each of its letters has a meaning.")


def test_an_equation_after_a_comma_is_a_result(tmp_path: Path) -> None:
    tex = r"\sum_{n=1}^{N}(x_n-m)^2 = \sum_{n=1}^{N}x_n^2-N m^2, \quad %s"
    letters = {**CHAINS, "k": Index("N")}
    pages = book(tmp_path, with_condition=tex % r"k = 1, \dots, N")
    assert claim("with-condition", equal(), given=letters, book=pages)
    pages = book(tmp_path / "other", with_condition=tex % "m = 2 N")
    with pytest.raises(ClaimError, match="after a comma"):
        claim("with-condition", equal(), given=letters, book=pages)


def test_two_equations_cannot_be_rested_on(tmp_path: Path) -> None:
    pages = book(tmp_path, two_at_once=r"s = 1 \\ t = 2", a_chain=f"s = {SPREAD}")
    with pytest.raises(TexError, match="several equations"):
        claim("a-chain", equal("two-at-once"), given=CHAINS, book=pages)


SOFT = (
    r"\gamma_k = \frac{\exp\left(-\frac{a_k+3}{s^2}\right)}"
    r"{\sum_{j=1}^{K}\exp\left(-\frac{a_j+3}{s^2}\right)}"
)
HARD = r"\lim_{%s \to %s}\gamma_k = \mathbb{1}[k = \operatorname{arg\,min}_{j} a_j]"
SOFTMAX = {
    "K": Size(),
    "k": Index("K"),
    "j": Index("K"),
    "a": Real("K"),
    "s": Positive(),
    "t": Positive(),
}


@pytest.mark.parametrize("declared", [False, True])
def test_limits_far_down_the_exponential(tmp_path: Path, declared: bool) -> None:
    pages = book(tmp_path, soft_row=SOFT, hard_row=HARD % ("s", "0"))
    more = {"gamma": Defined("soft-row", "K")} if declared else {}
    letters = SOFTMAX | more
    assert claim("hard-row", limit_of("soft-row", "s"), given=letters, book=pages)


@pytest.mark.parametrize(("letter", "goal"), [("t", "0"), ("s", "1"), ("s", r"\infty")])
def test_the_limit_is_the_one_printed(tmp_path: Path, letter: str, goal: str) -> None:
    pages = book(tmp_path, soft_row=SOFT, hard_row=HARD % (letter, goal))
    with pytest.raises(ClaimError, match="prints another limit"):
        claim("hard-row", limit_of("soft-row", "s"), given=SOFTMAX, book=pages)


def test_the_derivative_is_the_one_printed(tmp_path: Path) -> None:
    slope = r"\frac{\partial f}{\partial %s} = 2 a b"
    letters = {"a": Real(), "b": Real()}
    for name, other in (("a", False), ("b", True)):
        pages = book(tmp_path / name, a_form="f = a^2 b", a_slope=slope % name)
        referee = gradient_of("a-form", wrt="a")
        if other:
            with pytest.raises(ClaimError, match="a derivative in b, not in a"):
                claim("a-slope", referee, given=letters, book=pages)
        else:
            verdict = claim("a-slope", referee, given=letters, book=pages)
            assert "not checked" not in verdict.sentence


# -- values that are none -----------------------------------------------------------


def test_not_a_number_passes_nowhere(tmp_path: Path) -> None:
    letters = {"a": Real(), "f": Function(lambda x: mp.nan * x)}
    pages = book(
        tmp_path,
        bad_bound=r"f(a) \le a^2",
        bad_form=r"J = f(a)",
        bad_slope=r"\nabla J = 2 a",
        bad_best=r"\hat a = 1",
    )
    for label, referee in (
        ("bad-bound", bounded_by()),
        ("bad-slope", gradient_of("bad-form", wrt="a")),
        ("bad-best", maximises("bad-form", over="a")),
    ):
        with pytest.raises(ClaimError, match=r"disagrees|no value"):
            claim(label, referee, given=letters, book=pages)


def test_machine_floats_are_called_numerical(tmp_path: Path) -> None:
    pages = book(tmp_path, a_chain=f"s = {SPREAD}")
    verdict = claim(
        "a-chain", equal(lambda e: float(spread(e))), given=CHAINS, book=pages
    )
    assert verdict.status == "numerical"
    assert "3 numerical instances" in verdict.sentence
    verdict = claim(
        "a-chain",
        equal(lambda e: float(spread(e))),
        given=CHAINS,
        instances=1,
        book=pages,
    )
    assert "1 numerical instance;" in verdict.sentence


def test_a_premise_is_not_needed_because_it_changes_the_axes(tmp_path: Path) -> None:
    pages = book(tmp_path, a_chain=rf"{SPREAD} = {SQUARES % ''}")
    letters = {**CHAINS, "K": Size()}
    with pytest.raises(ClaimError, match="changes the axes"):
        claim(
            "a-chain",
            equal(),
            given=letters,
            premises={"x has one axis": {"x": Real("N", "K")}},
            book=pages,
        )


WEIGHTED: dict[str, Any] = {
    "N": Size(),
    "D": Size(),
    "w": Positive("N"),
    "x": Real("N", "D"),
    "m": Defined("a-centre", "D"),
}
CENTRE = r"m = \frac{\sum_{n=1}^{N}w_n x_n}{\sum_{n=1}^{N}w_n}"
ZERO_TIMES = dict.fromkeys(
    ("order: x[n] - m -> m - x[n]", "whole: negated", "whole: doubled"),
    "a multiple of zero is zero",
)


@pytest.mark.parametrize("order", ["{0} = {1}", "{1} = {0}"])
def test_the_zero_vector(tmp_path: Path, order: str) -> None:
    tex = order.format(r"\sum_{n=1}^{N}w_n(x_n-m)", r"\mathbf{0}")
    pages = book(tmp_path, a_centre=CENTRE, at_rest=tex)
    verdict = claim(
        "at-rest",
        equal(),
        given=WEIGHTED,
        proof=general,
        equivalents=ZERO_TIMES,
        book=pages,
    )
    assert verdict.status == "proved in general"
    pages = book(tmp_path / "other", a_centre=CENTRE, at_rest=tex.replace("-m", "+m"))
    with pytest.raises(ClaimError, match="disagrees"):
        claim("at-rest", equal(), given=WEIGHTED, book=pages)


def test_the_identity_of_unwritten_size(tmp_path: Path) -> None:
    pages = book(tmp_path, unit_gram=r"U^\top U = \mathbf{I}")
    letters = {"D": Size(4), "K": Size(below="D"), "U": Orthonormal("D", "K")}
    assert claim("unit-gram", equal(), given=letters, book=pages)


def test_a_distribution_over_an_index(tmp_path: Path) -> None:
    tex = (
        r"\log p(x) - \sum_{z=1}^{K} q(z)\log\frac{p(x,z)}{q(z)}"
        r"= \sum_{z=1}^{K} q(z)\log\frac{q(z)\,p(x)}{p(x,z)}"
    )
    letters = {
        "K": Size(),
        "L": Size(),
        "z": Index("K"),
        "x": Index("L"),
        "q": Distribution("z"),
        "p": Joint("x", "z"),
    }
    pages = book(tmp_path, kl_gap=tex)
    assert claim("kl-gap", equal(), given=letters, proof=general, book=pages)


def test_the_reader_reads_no_checker_notation(tmp_path: Path) -> None:
    pages = book(tmp_path, two_bounds=CHAIN % r"\le")
    verdict = cited(
        "two-bounds", "someone", SAME, given=TWO, equivalents=LARGER, book=pages
    )
    counts = verdict.record["counts"]
    assert f"{counts['ill_formed']} could not be evaluated" in verdict.how
    assert "The same is said by (a \u2212 b)² for (a \u2212 b)² / 4, " in verdict.how
    assert "->" not in verdict.how
    assert (
        counts["altered"]
        == counts["refuted"] + counts["ill_formed"] + counts["justified"]
    )
