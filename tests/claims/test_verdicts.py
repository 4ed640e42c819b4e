"""Vacuous designs are turned down; outputs are quiet, complete and deterministic."""

import json
from pathlib import Path
from typing import Any, ClassVar

import pytest
from mpmath import mp

from claims import ClaimError, claim, equal, general, maximises, minimises
from claims.book import BookError, displays, open_book
from claims.domains import Between, Positive, Real, Simplex, Size
from claims.verdict import MIME
from tests.claims.pages import BMM, GMM, JOINT, MEAN, book

KL = r"-\frac{1}{2}\sum_{j=1}^{m}\left(1+\log\sigma_j^2-\mu_j^2-\sigma_j^2\right)"
NORMALS: dict[str, Any] = {"m": Size(2, 3), "mu": Real("m"), "sigma": Positive("m")}


def quadrature(e: Any) -> Any:
    """Integrate the difference of the log densities."""
    total = mp.mpf(0)
    for m, s in zip(e.reals("mu"), e.reals("sigma"), strict=True):

        def f(t: Any, m: Any = m, s: Any = s) -> Any:
            return mp.npdf(t) * ((m + s * t) ** 2 / 2 - t * t / 2 - mp.log(s))

        total += mp.quad(f, [-14, -4, 0, 4, 14])
    return total


def test_a_sound_claim_passes(tmp_path: Path) -> None:
    pages = book(tmp_path, kl_normal=f"D = {KL}")
    referee = equal(quadrature, tolerance=mp.mpf(10) ** -15)
    verdict = claim("kl-normal", referee, given=NORMALS, book=pages)
    assert verdict.status == "numerical"


def test_a_tautology_is_a_definition(tmp_path: Path) -> None:
    pages = book(tmp_path, kl_normal=f"{KL} = {KL}")
    with pytest.raises(ClaimError, match="same expression"):
        claim("kl-normal", equal(), given=NORMALS, book=pages)


class Blind:
    """Says yes to everything."""

    reals: ClassVar[bool] = True
    numerical: ClassVar[bool] = False
    needs_left: ClassVar[bool] = False
    rests_on: ClassVar[tuple[str, ...]] = ()

    def agrees(self, *question: Any) -> bool:
        return True


def test_a_referee_that_ignores_the_formula(tmp_path: Path) -> None:
    pages = book(tmp_path, kl_normal=f"D = {KL}")
    with pytest.raises(ClaimError, match="survive without a reason"):
        claim("kl-normal", Blind(), given=NORMALS, book=pages)


def test_a_tolerance_of_one(tmp_path: Path) -> None:
    pages = book(tmp_path, kl_normal=f"D = {KL}")
    with pytest.raises(ClaimError, match="tolerance"):
        claim("kl-normal", equal(quadrature, tolerance=1), given=NORMALS, book=pages)


class Credulous:
    """Proves everything."""

    status = "proved in general"

    def prove(self, *question: Any) -> bool:
        return True

    def words(self, *question: Any) -> str:
        return "proved"


def test_a_prover_that_always_says_yes(tmp_path: Path) -> None:
    pages = book(tmp_path, mix_joint=JOINT, mix_mean=MEAN)
    with pytest.raises(ClaimError, match="also proves an altered version"):
        claim(
            "mix-mean",
            maximises("mix-joint", over=r"\mu_k"),
            given=GMM,
            proof=Credulous(),
            thorough=True,
            book=pages,
        )


def test_the_prover_proves_no_refuted_version(tmp_path: Path) -> None:
    pages = book(tmp_path, mix_joint=JOINT, mix_mean=MEAN)
    referee = maximises("mix-joint", over=r"\mu_k")
    assert claim(
        "mix-mean", referee, given=GMM, proof=general, thorough=True, book=pages
    )


def test_a_superfluous_premise(tmp_path: Path) -> None:
    pages = book(tmp_path, mix_joint=JOINT, mix_mean=MEAN)
    with pytest.raises(ClaimError, match="is not needed"):
        claim(
            "mix-mean",
            maximises("mix-joint", over=r"\mu_k"),
            given=GMM,
            premises={"rows of r sum to one": {"r": Positive("N", "K")}},
            book=pages,
        )


def test_a_needed_premise(tmp_path: Path) -> None:
    weight = r"\hat\pi_k = \frac{1}{N}\sum_{n=1}^{N} r_{nk}"
    pages = book(tmp_path, mix_joint=JOINT, mix_weight=weight)
    verdict = claim(
        "mix-weight",
        maximises("mix-joint", over=r"\pi_k"),
        given=GMM,
        premises={"rows of r sum to one": {"r": Positive("N", "K")}},
        book=pages,
    )
    assert verdict.record["premises"] == ["rows of r sum to one"]


class Zero(Real):
    """Degenerate: always zero."""

    def one(self, rng: Any, plain: bool) -> Any:
        return 0


def test_a_degenerate_instance(tmp_path: Path) -> None:
    pages = book(tmp_path, kl_normal=f"D = {KL}")
    letters = {**NORMALS, "mu": Zero("m")}
    referee = equal(quadrature, tolerance=mp.mpf(10) ** -15)
    with pytest.raises(ClaimError, match="survive without a reason"):
        claim("kl-normal", referee, given=letters, book=pages)


def test_maximum_and_minimum_exchanged(tmp_path: Path) -> None:
    pages = book(tmp_path, mix_joint=JOINT, mix_mean=MEAN)
    with pytest.raises(ClaimError, match="disagrees"):
        claim("mix-mean", minimises("mix-joint", over=r"\mu_k"), given=GMM, book=pages)


def test_fewer_than_three_effective_alterations(tmp_path: Path) -> None:
    pages = book(tmp_path, only_one="a = b")
    letters = {"b": Between(1, 2)}

    class OnlyDoubled(Blind):
        def agrees(self, problem: Any, position: int, side: Any, e: Any) -> bool:
            return side.op != "mul"

    why = {
        "whole: negated": "a reason",
        "square: b -> b^2": "a reason",
    }
    with pytest.raises(ClaimError, match="fewer than three"):
        claim("only-one", OnlyDoubled(), given=letters, equivalents=why, book=pages)


def test_the_wrong_smoothing_is_refused(tmp_path: Path) -> None:
    wrong = (
        r"\hat p_{kd} = \frac{\sum_{n=1}^{N}r_{nk}x_{nd}+\alpha}"
        r"{\sum_{n=1}^{N}r_{nk}+\alpha D}"
    )
    objective = (
        r"Q = \sum_{n=1}^{N}\sum_{k=1}^{K} r_{nk}\sum_{d=1}^{D}\big(x_{nd}\log p_{kd}"
        r"+(1-x_{nd})\log(1-p_{kd})\big)+\alpha\sum_{k=1}^{K}\sum_{d=1}^{D}"
        r"\big(\log p_{kd}+\log(1-p_{kd})\big)"
    )
    pages = book(tmp_path, bmm_map=objective, bmm_step=wrong)
    referee = maximises("bmm-map", over="p_{kd}")
    with pytest.raises(ClaimError, match="disagrees"):
        claim("bmm-step", referee, given=BMM, book=pages)


def test_unknown_is_a_failure_when_a_proof_is_asked_for(tmp_path: Path) -> None:
    pages = book(tmp_path, max_form=r"\max(a, b) = \frac{a+b+\lvert a-b\rvert}{2}")
    letters = {"a": Real(), "b": Real()}
    same = {"order: a - b -> b - a": "the absolute value of a difference has no order"}
    assert claim("max-form", equal(), given=letters, equivalents=same, book=pages)
    with pytest.raises(ClaimError, match="proof did not succeed"):
        claim(
            "max-form",
            equal(),
            given=letters,
            equivalents=same,
            proof=general,
            book=pages,
        )


@pytest.mark.parametrize("sign", [r"\le", r"\approx", r"\propto", r"\sim"])
def test_an_equality_is_printed_as_one(tmp_path: Path, sign: str) -> None:
    pages = book(tmp_path, mix_joint=JOINT, mix_mean=MEAN.replace("=", sign, 1))
    with pytest.raises(ClaimError, match="signs of the display"):
        claim("mix-mean", maximises("mix-joint", over=r"\mu_k"), given=GMM, book=pages)


def test_a_claim_cannot_rest_on_itself(tmp_path: Path) -> None:
    pages = book(tmp_path, mix_joint=JOINT, mix_mean=MEAN)
    with pytest.raises(ClaimError, match="rest on itself"):
        claim("mix-mean", maximises("mix-mean", over=r"\mu_k"), given=GMM, book=pages)


def test_the_output_is_quiet_complete_and_the_same_every_time(tmp_path: Path) -> None:
    weight = r"\hat\pi_k = \frac{1}{N}\sum_{n=1}^{N} r_{nk}"
    pages = book(tmp_path, mix_joint=JOINT, mix_weight=weight)

    def run() -> Any:
        referee = maximises("mix-joint", over=r"\pi_k")
        return claim("mix-weight", referee, given=GMM, proof=general, book=pages)

    first, second = run().bundle(), run().bundle()
    assert first == second
    assert first["text/plain"] == (
        "✓ (mix-weight) global optimum proved for all N, K, D; confirmed on 3 "
        "instances to 40 digits; 26 of 26 altered versions refused."
    )
    assert "<details><summary>how</summary>" in first["text/html"]
    record = json.loads(json.dumps(first[MIME]))
    assert record["label"] == "mix-weight"
    assert record["status"] == "proved in general"
    assert record["rests_on"] == ["mix-joint"]
    assert record["counts"]["refuted"] + record["counts"]["ill_formed"] == 26


def test_each_claim_of_a_cell_shows_itself_once(tmp_path: Path) -> None:
    pages = book(tmp_path, mix_joint=JOINT, mix_mean=MEAN)
    cell = (
        "from claims import definition\n"
        f"definition('mix-joint', book={str(pages)!r})\n"
        f"definition('mix-mean', book={str(pages)!r})"
    )
    outputs = run_cell(cell)
    assert [data[MIME]["label"] for data in outputs] == ["mix-joint", "mix-mean"]


def run_cell(cell: str) -> list[dict[str, Any]]:
    """The outputs of one cell in an interactive shell."""
    from IPython.core.interactiveshell import InteractiveShell  # noqa: PLC0415
    from IPython.utils.capture import capture_output  # noqa: PLC0415

    shell = InteractiveShell.instance()
    try:
        with capture_output() as captured:
            shell.run_cell(cell)
    finally:
        InteractiveShell.clear_instance()
    return [output.data for output in captured.outputs]


def test_a_failure_names_label_instance_and_both_values(tmp_path: Path) -> None:
    pages = book(tmp_path, kl_normal=f"D = 2 {KL.replace('-', '', 1)}")
    referee = equal(quadrature, tolerance=mp.mpf(10) ** -15)
    with pytest.raises(ClaimError, match=r"\(kl-normal\).*m = .*printed.*referee"):
        claim("kl-normal", referee, given=NORMALS, book=pages)


def test_labels_are_found_wherever_the_fence_stands(tmp_path: Path) -> None:
    text = (
        "# T\n\n```{math}\na = b\n```\n\n"
        "````{note}\n```{math}\n:label: in-note\nb = c\n"
        "```\n````\n\n:::{math}\n:nowrap:\n:label: with-colons\nc = d\n:::\n"
    )
    (tmp_path / "a.md").write_text(text, encoding="utf-8")
    found = {d.label: d.tex for d in displays(tmp_path / "a.md")}
    assert found == {"": "a = b", "in-note": "b = c", "with-colons": "c = d"}


@pytest.mark.parametrize("label", ["Upper-Case", "single", "with_underscore-x"])
def test_labels_have_the_form_topic_thing(tmp_path: Path, label: str) -> None:
    text = f"```{{math}}\n:label: {label}\na = b\n```\n"
    (tmp_path / "a.md").write_text(text, encoding="utf-8")
    with pytest.raises(BookError, match="topic-thing"):
        open_book(tmp_path).labels()


def test_a_label_twice_or_not_at_all(tmp_path: Path) -> None:
    pages = book(tmp_path, mix_mean=MEAN)
    with pytest.raises(BookError, match="no display"):
        open_book(pages).display("mix-weight")
    (tmp_path / "b.md").write_text((tmp_path / "chapter.md").read_text())
    with pytest.raises(BookError, match="twice"):
        open_book(pages).labels()


def test_simplex_letters_are_not_degenerate() -> None:
    assert Simplex("K").positive
