"""Displayed equations, checked: the printed LaTeX is the thing that is checked.

A chapter says `claim(label, referee, given=...)` below a displayed equation. The LaTeX
is fetched from the book by its label, read into a tree, compared with a referee that
does not know it, and refused in every altered version. See `claims.check` for what a
pass means, `claims.domains` for declaring letters, `claims.referees` for referees.
"""

from pathlib import Path
from typing import Any

from claims.book import Book, open_book
from claims.bounds import bounded_by
from claims.check import Check, Findings
from claims.densities import density_of, limit_of
from claims.domains import Given
from claims.letters import check_letters
from claims.optima import maximises, minimises
from claims.printed import check_definition
from claims.problem import ClaimError, Problem
from claims.proving import General, Symbolic, general, symbolic
from claims.referees import equal
from claims.report import record as record_of
from claims.report import report
from claims.slopes import gradient_of
from claims.tex import TexError, canonical
from claims.verdict import Verdict

__all__ = [
    "ClaimError",
    "TexError",
    "Verdict",
    "bounded_by",
    "cited",
    "claim",
    "definition",
    "density_of",
    "equal",
    "general",
    "grade",
    "gradient_of",
    "limit_of",
    "maximises",
    "minimises",
    "symbolic",
]

_claimed: dict[str, Problem] = {}


def _problem(label: str, given: Given, book: Path | str | Book | None) -> Problem:
    shelf = book if isinstance(book, Book) else open_book(book)
    letters = {canonical(key): domain for key, domain in given.items()}
    equation = shelf.equation(label, letters)
    if equation.more:
        reason = "several equations in one display; give each its own label"
        raise TexError(reason, equation.tex, 0, label)
    return Problem(label, equation, letters, shelf)


def claim(
    label: str,
    referee: Any,
    *,
    given: Given,
    proof: General | Symbolic | Any = None,
    equivalents: dict[str, str] | None = None,
    premises: dict[str, Given] | None = None,
    instances: int = 3,
    thorough: bool = False,
    book: Path | str | Book | None = None,
) -> Verdict:
    """Check a displayed equation; raises if it fails.

    Args:
        label: The label of the display in the book.
        referee: What recomputes the result, such as `equal(...)`.
        given: What the letters mean: letter -> domain.
        proof: `general`, `symbolic(N=3, ...)`, or None for instances only.
        equivalents: Altered versions that are right too: key -> written reason.
        premises: Stated premises: words -> declarations that leave the premise out.
        instances: How many random instances are tried.
        thorough: Also try to prove refuted versions (for tests).
        book: A folder of chapters, if not the book beside this package.
    """
    problem, found = _decide(
        label, referee, given, proof, equivalents, premises, instances, thorough, book
    )
    numerical = referee.numerical or problem.coarse
    status = "numerical" if numerical else "verified at random exact instances"
    if found.proved and not found.partly_proved:
        status = proof.status
    return report(problem, referee, proof, found, status).show()


def cited(
    label: str,
    source: str,
    referee: Any,
    *,
    given: Given,
    equivalents: dict[str, str] | None = None,
    instances: int = 3,
    book: Path | str | Book | None = None,
) -> Verdict:
    """A quoted result: not derived here, but tried like a claim."""
    problem, found = _decide(
        label, referee, given, None, equivalents, None, instances, False, book
    )
    verdict = report(problem, referee, None, found, "cited")
    verdict.sentence = f"quoted from {source}; {verdict.sentence}"
    verdict.record["source"] = source
    return verdict.show()


def definition(
    label: str, *, given: Given | None = None, book: Path | str | Book | None = None
) -> Verdict:
    """A definition: nothing to check but that it can be read."""
    shelf = book if isinstance(book, Book) else open_book(book)
    letters = {canonical(key): domain for key, domain in (given or {}).items()}
    equation = shelf.equation(label, letters)
    check_definition(label, equation, letters)
    how = "A definition has nothing to be checked against; its formula was read"
    if given:
        sides = (equation.sides[-1],) if len(equation.sides) > 1 else ()
        check_letters(equation, letters, sides)
        how += ", and each of its letters has a meaning"
    how += "."
    record = record_of(label, "definition", Findings(), (), how)
    return Verdict(label, "definition", "definition.", how, record).show()


def grade(label: str, answer: str, *, given: Given | None = None, book: Any = None):
    """Compare a reader's formula with the printed one; see `claims.grading`."""
    from claims.grading import grade_answer  # noqa: PLC0415

    if given is not None:
        _claimed[label] = _problem(label, given, book)
    if label not in _claimed:
        raise ClaimError(label, "nothing is claimed under this label; pass given=")
    return grade_answer(_claimed[label], answer)


def _decide(  # noqa: PLR0917
    label: str,
    referee: Any,
    given: Given,
    proof: Any,
    equivalents: dict[str, str] | None,
    premises: dict[str, Given] | None,
    instances: int,
    thorough: bool,
    book: Any,
) -> tuple[Problem, Findings]:
    problem = _problem(label, given, book)
    check = Check(problem, referee, instances)
    larger = {
        words: {canonical(key): domain for key, domain in other.items()}
        for words, other in (premises or {}).items()
    }
    found = check.run(proof, equivalents or {}, larger, thorough)
    _claimed[label] = problem
    return problem, found
