"""Grading: right answers in other forms pass, what students get wrong does not."""

import re
from pathlib import Path

import pytest

from claims import ClaimError, claim, grade, maximises
from tests.claims.pages import GMM, JOINT, MEAN, book

RIGHT = [
    r"\frac{\sum_{n=1}^{N} r_{nk} x_n}{\sum_{n=1}^{N} r_{nk}}",
    r"\mu_k = \frac{\sum_{m=1}^{N} x_m r_{mk}}{\sum_{n=1}^{N} r_{nk}}",
    r"\sum_{n=1}^{N} \frac{r_{nk}}{\sum_{m=1}^{N} r_{mk}} \mathbf{x}_n",
    r"\frac{1}{\sum_{n=1}^{N} r_{nk}} \sum_{n=1}^{N} r_{nk}\,\mathbf{x}_n",
    r"\left(\sum_{n=1}^{N} r_{nk}\right)^{-1}\sum_{n=1}^{N} r_{nk}x_n",
    r"x_1 + \frac{\sum_{n=1}^{N} r_{nk}(x_n-x_1)}{\sum_{n=1}^{N} r_{nk}}",
    r"\mu_k + \frac{\sum_{n=1}^{N} r_{nk}(x_n-\mu_k)}{\sum_{n=1}^{N} r_{nk}}",
    r"\frac{2\sum_{n=1}^{N} r_{nk} x_n}{2\sum_{n=1}^{N} r_{nk}}",
    r"\frac{\sum_{n=1}^{N-1} r_{nk} x_n + r_{Nk}x_N}{\sum_{n=1}^{N} r_{nk}}",
    r"\sum_{n=1}^{N} \exp(\log r_{nk}-\log\sum_{m=1}^{N} r_{mk})\, x_n",
]
WRONG = [
    (r"\frac{1}{N}\sum_{n=1}^{N} r_{nk} x_n", "divided by N"),
    (r"\sum_{n=1}^{N} r_{nk} x_n", "not normalised"),
    (r"\frac{\sum_{n=1}^{N} x_n}{N}", "not weighted"),
    (
        r"\frac{\sum_{n=1}^{N} r_{nk} x_n}{\sum_{k=1}^{K} r_{nk}}",
        "sum over the wrong index",
    ),
    (r"\frac{\sum_{k=1}^{K} r_{nk} x_n}{\sum_{k=1}^{K} r_{nk}}", "both sums wrong"),
    (
        r"\frac{\sum_{n=1}^{N} r_{nk} x_n}{\sum_{n=1}^{N}\sum_{k=1}^{K} r_{nk}}",
        "all counts",
    ),
    (r"\frac{\sum_{n=1}^{N} r_{nk} x_n}{N-1}", "a sample variance habit"),
    (r"\frac{\sum_{n=1}^{N} r_{nk}^2 x_n}{\sum_{n=1}^{N} r_{nk}}", "squared weights"),
    (r"\frac{\sum_{n=1}^{N} r_{nk}^2 x_n}{\sum_{n=1}^{N} r_{nk}^2}", "squared twice"),
    (r"\frac{\sum_{n=1}^{N} r_{nk}}{\sum_{n=1}^{N} r_{nk} x_n}", "upside down"),
    (r"\frac{\sum_{n=1}^{N} r_{nk}}{N}", "the weight, not the mean"),
    (
        r"\frac{\sum_{n=1}^{N} r_{nk} (x_n-\mu_k)}{\sum_{n=1}^{N} r_{nk}}",
        "the step only",
    ),
    (r"-\frac{\sum_{n=1}^{N} r_{nk} x_n}{\sum_{n=1}^{N} r_{nk}}", "a sign"),
    (r"\frac{\sum_{n=1}^{N} r_{nk} x_n}{\pi_k}", "the old weight"),
    (r"\frac{\sum_{n=1}^{N} r_{nk} x_n}{N\pi_k}", "the old count"),
    (
        r"\Sigma_k^{-1}\frac{\sum_{n=1}^{N} r_{nk} x_n}{\sum_{n=1}^{N} r_{nk}}",
        "precision",
    ),
    (r"\frac{\sum_{n=1}^{N} r_{kn} x_n}{\sum_{n=1}^{N} r_{kn}}", "indices exchanged"),
    (r"\frac{\sum_{n=1}^{K} r_{nk} x_n}{\sum_{n=1}^{K} r_{nk}}", "wrong limit"),
    (r"\sum_{n=1}^{N} \frac{r_{nk} x_n}{r_{nk}}", "quotient inside"),
    (r"\frac{\sum_{n=1}^{N} \pi_k x_n}{\sum_{n=1}^{N} \pi_k}", "prior for posterior"),
    (r"\frac{\sum_{n=1}^{N} r_{nk} x_n^\top}{\sum_{n=1}^{N} r_{nk}}", "a row"),
    (r"\frac{\prod_{n=1}^{N} r_{nk} x_n}{\sum_{n=1}^{N} r_{nk}}", "a product"),
    (r"\frac{\sum_{n=1}^{N} r_{nk} x_n}{\sum_{n=1}^{N} r_{nk}} + 1", "a number added"),
]
UNREADABLE = [
    (r"\frac{\sum_n r_{nk} x_n}{N_k}", "two meanings"),
    (r"\sum_{n=1}^{N} r_{nk} x_n / N r", "ambiguous quotient"),
    (r"\frac{\sum_{n=1}^{N} r_{nk} x_n}{", "never closed"),
    (r"\gamma_{nk}", "not declared"),
]


@pytest.fixture(scope="module")
def claimed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pages = book(tmp_path_factory.mktemp("book"), mix_joint=JOINT, mix_mean=MEAN)
    claim("mix-mean", maximises("mix-joint", over=r"\mu_k"), given=GMM, book=pages)
    return pages


@pytest.mark.parametrize("answer", RIGHT)
def test_right_in_another_form(claimed: Path, answer: str) -> None:
    found = grade("mix-mean", answer)
    assert found, found
    assert "Right" in repr(found)


@pytest.mark.parametrize(("answer", "mistake"), WRONG)
def test_wrong_answers_get_an_instance(
    claimed: Path, answer: str, mistake: str
) -> None:
    found = grade("mix-mean", answer)
    assert not found, mistake
    assert "N = " in repr(found)
    assert "yours" in repr(found).lower()


@pytest.mark.parametrize(("answer", "reason"), UNREADABLE)
def test_unreadable_answers_say_where(claimed: Path, answer: str, reason: str) -> None:
    found = grade("mix-mean", answer)
    assert not found
    assert reason in repr(found)
    assert "column" in repr(found)


def test_the_instance_shown_is_a_small_one(claimed: Path) -> None:
    found = grade("mix-mean", r"\frac{1}{N}\sum_{n=1}^{N} r_{nk} x_n")
    sizes = [int(v) for v in re.findall(r"[NKD] = (\d)", repr(found))]
    assert sorted(sizes) == [2, 3, 4]


def test_grading_without_a_claim_needs_the_letters(tmp_path: Path) -> None:
    pages = book(tmp_path, mix_joint=JOINT, other_mean=MEAN)
    with pytest.raises(ClaimError, match="pass given="):
        grade("other-mean", RIGHT[0])
    assert grade("other-mean", RIGHT[0], given=GMM, book=pages)
