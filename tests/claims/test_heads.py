"""What the chapters' misprints showed: rows, flat objectives, left sides, scopes."""

from pathlib import Path

import pytest

from claims import ClaimError, TexError, claim, equal, gradient_of, maximises, minimises
from claims.domains import Defined, Index, Outcome, Real, Size, Values
from claims.tex import parse
from tests.claims.pages import GMM, book

DISTORTION = r"J = \sum_{n=1}^{N}\sum_{k=1}^{K} r_{nk}\lVert x_n-\mu_k\rVert^2"
MEAN = r"\frac{\sum_{n=1}^{N} r_{nk} x_n%s}{\sum_{n=1}^{N} r_{nk}}"
LEAST = minimises("km-distortion", over=r"\mu_k")
SLOPE = r"2 \sum_{n=1}^{N} r_{nk} (\mu_k - x_n)%s"


def ask(folder: Path, head: str, formula: str, referee=LEAST, goal: str = DISTORTION):
    """Claim that the formula is what the referee finds for the distortion."""
    pages = book(folder, km_distortion=goal, km_result=f"{head} = {formula}")
    return claim("km-result", referee, given=GMM, book=pages)


# -- a row in place of a column -----------------------------------------------------


def test_an_update_is_a_column(tmp_path: Path) -> None:
    ask(tmp_path / "a", r"\hat\mu_k", MEAN % "")
    with pytest.raises(ClaimError, match=r"no value .an update of another shape"):
        ask(tmp_path / "b", r"\hat\mu_k", MEAN % r"^\top")


def test_a_gradient_is_a_column(tmp_path: Path) -> None:
    head, referee = r"\nabla_{\mu_k} J", gradient_of("km-distortion", r"\mu_k")
    ask(tmp_path / "a", head, SLOPE % "", referee)
    with pytest.raises(ClaimError, match=r"no value .a gradient of another shape"):
        ask(tmp_path / "b", head, SLOPE % r"^\top", referee)


def test_a_reference_in_one_axis_is_a_column(tmp_path: Path) -> None:
    def shifted(e):
        return e.x[e.n - 1] + e.x[0]

    for k, mark in enumerate(("", r"^\top")):
        tex = rf"s_n = (x_n + x_1){mark}"
        pages = book(tmp_path / str(k), a_shift=tex)
        if k == 0:
            claim("a-shift", equal(shifted), given=GMM, book=pages)
            continue
        with pytest.raises(ClaimError, match="disagrees"):
            claim("a-shift", equal(shifted), given=GMM, book=pages)


# -- an objective that does not depend on every row ----------------------------------


@pytest.mark.parametrize(
    "goal",
    [
        DISTORTION.replace("{k=1}", "{k=2}"),
        DISTORTION.replace("^{K}", "^{K-1}"),
        DISTORTION.replace(r"-\mu_k", ""),
        DISTORTION.replace(r"\lVert x_n-\mu_k\rVert^2", ""),
    ],
)
def test_an_objective_depends_on_every_row(tmp_path: Path, goal: str) -> None:
    with pytest.raises(ClaimError, match="disagrees"):
        ask(tmp_path, r"\hat\mu_k", MEAN % "", goal=goal)


def test_an_objective_depends_on_its_only_number(tmp_path: Path) -> None:
    letters = {"N": Size(), "x": Real("N"), "m": Real()}
    best = r"\hat m = \frac{1}{N} \sum_{n=1}^{N} x_n"
    for k, goal in enumerate(
        (r"\sum_{n=1}^{N} (x_n - m)^2", r"\sum_{n=1}^{N} (x_n)^2")
    ):
        pages = book(tmp_path / str(k), a_goal=f"J = {goal}", a_best=best)
        referee = minimises("a-goal", over="m")
        if k == 0:
            claim("a-best", referee, given=letters, book=pages)
            continue
        with pytest.raises(ClaimError, match="disagrees"):
            claim("a-best", referee, given=letters, book=pages)


# -- a letter bound again in its own scope -------------------------------------------


@pytest.mark.parametrize(
    ("tex", "letter"),
    [
        (r"L = \sum_{k=1}^{N} \log \sum_{k=1}^{K} a_k", "k"),
        (r"L = \prod_{n=1}^{N} (b_n + \sum_{n} a_n)", "n"),
        (r"L = \sum_{n=1}^{N} \max_{n} a_n", "n"),
        (r"L = \sum_{n=1}^{N} \sum_{k=1}^{K} \sum_{n=1}^{N} a_n", "n"),
    ],
)
def test_a_letter_is_not_bound_twice(tex: str, letter: str) -> None:
    with pytest.raises(TexError, match=rf"\(a-b\) {letter} is bound again.*at column"):
        parse(tex, "a-b", letters=("L", "a", "b", "N", "K"))


@pytest.mark.parametrize(
    "tex",
    [
        r"L = \sum_{k=1}^{K} a_k + \sum_{k=1}^{K} b_k",
        r"L = \left( \sum_{k=1}^{K} a_k \right) \sum_{k=1}^{K} b_k",
        r"L = \frac{\sum_{k=1}^{K} a_k}{\sum_{k=1}^{K} b_k} = \sum_{k=1}^{K} r_k",
    ],
)
def test_scopes_side_by_side_may_share_a_letter(tex: str) -> None:
    assert parse(tex, "a-b", letters=("L", "a", "b", "r", "K"))


# -- left sides ----------------------------------------------------------------------


@pytest.mark.parametrize("head", [r"\hat\mu_k", r"\mu_k", r"\tilde\mu_k", r"\mu_k'"])
def test_an_update_may_carry_a_mark(tmp_path: Path, head: str) -> None:
    ask(tmp_path, head, MEAN % "")


@pytest.mark.parametrize(
    "head", [r"\hat\mu_n", r"\hat\mu", r"\hat\mu_{kd}", r"\hat x_k", r"\hat\pi_k"]
)
def test_an_update_is_of_the_letter_that_varies(tmp_path: Path, head: str) -> None:
    with pytest.raises(ClaimError, match=r"another quantity|free indices"):
        ask(tmp_path, head, MEAN % "")


def test_an_update_in_terms_of_itself_carries_a_mark(tmp_path: Path) -> None:
    same = MEAN % "" + r"+ \mu_k - \mu_k"
    ask(tmp_path / "a", r"\hat\mu_k", same)
    with pytest.raises(ClaimError, match="by itself"):
        ask(tmp_path / "b", r"\mu_k", same)


@pytest.mark.parametrize(
    ("head", "right"),
    [
        (r"\frac{\partial J}{\partial \mu_k}", True),
        (r"\nabla_{\mu_k} J", True),
        (r"\nabla_k J", True),
        (r"\frac{\partial J}{\partial \mu_{kd}}", False),
        (r"\frac{\partial J}{\partial \mu_n}", False),
        (r"\frac{\partial J}{\partial \mu}", False),
        (r"\frac{\partial J}{\partial x_k}", False),
        (r"\frac{\partial J}{\partial \hat\mu_k}", False),
        (r"\nabla_{\mu_n} J", False),
        (r"\nabla_n J", False),
    ],
)
def test_a_derivative_is_in_the_letter_that_varies(
    tmp_path: Path, head: str, right: bool
) -> None:
    referee = gradient_of("km-distortion", r"\mu_k")
    if right:
        ask(tmp_path, head, SLOPE % "", referee)
        return
    with pytest.raises(ClaimError, match="prints a derivative in"):
        ask(tmp_path, head, SLOPE % "", referee)


def test_a_name_carries_the_indices_of_its_formula(tmp_path: Path) -> None:
    letters = {"N": Size(), "K": Size(), "n": Index("N"), "k": Index("K")}
    letters |= {"r": Real("N", "K")}

    def total(e):
        return sum(e.r[e.n - 1])

    for k, head in enumerate(("s_n", "s", "s_k", "s_{nk}")):
        tex = head + r" = \sum_{k=1}^{K} r_{nk}"
        pages = book(tmp_path / str(k), a_sum=tex)
        if k < 2:
            claim("a-sum", equal(total), given=letters, book=pages)
            continue
        with pytest.raises(ClaimError, match="free indices"):
            claim("a-sum", equal(total), given=letters, book=pages)


# -- errors that name the label ------------------------------------------------------


def test_a_letter_defined_by_itself(tmp_path: Path) -> None:
    pages = book(tmp_path, a_gap="D = D + a", a_fact="D + a = 2 D - a")
    letters = {"a": Real(), "D": Defined("a-gap")}
    with pytest.raises(ClaimError, match=r"\(a-fact\).*D is defined by itself"):
        claim("a-fact", equal(), given=letters, book=pages)


def test_a_power_of_a_table_of_matrices(tmp_path: Path) -> None:
    pages = book(tmp_path, a_power="A^2 = A A")
    letters = {"K": Size(), "D": Size(), "A": Real("K", "D", "D")}
    with pytest.raises(ClaimError, match=r"\(a-power\).*no value"):
        claim("a-power", equal(), given=letters, book=pages)


def test_an_expectation_under_what_is_no_distribution(tmp_path: Path) -> None:
    pages = book(tmp_path, a_mean=r"\mathbb{E}_{z}[f(z)] = 1")
    letters = {"z": Outcome(), "f": Values("z")}
    with pytest.raises((ClaimError, TexError), match=r"\(a-mean\)"):
        claim("a-mean", equal(), given=letters, book=pages)


def test_a_maximum_is_strict_as_well(tmp_path: Path) -> None:
    letters = {"a": Real(), "b": Real(), "c": Real()}
    for name, right in (("a", True), ("c", False)):
        goal = f"J = -({name} - b)^2"
        pages = book(tmp_path / name, a_goal=goal, a_best=r"\hat a = b")
        if right:
            claim("a-best", maximises("a-goal", "a"), given=letters, book=pages)
            continue
        with pytest.raises(ClaimError, match="disagrees"):
            claim("a-best", maximises("a-goal", "a"), given=letters, book=pages)
