"""The verdict of a claim in words, and its record as data."""

from typing import Any

from claims.check import Findings
from claims.problem import Problem
from claims.reading import alteration
from claims.verdict import Verdict


def report(
    problem: Problem, referee: Any, proof: Any, found: Findings, status: str
) -> Verdict:
    """The verdict with its sentence, explanation and record."""
    parts = [proof.words(problem, referee, found.proved)] if found.proved else []
    if parts and found.partly_proved:
        parts[0] = f"equality of the right-hand sides {parts[0]}"
    tried = "confirmed" if parts else "holds"
    where = kind(problem, referee)
    if found.instances == 1:
        where = where.replace("instances", "instance")
    parts.append(f"{tried} on {found.instances} {where}")
    same = found.total - found.refused  # each with a reason, or the claim had failed
    parts.append(f"{found.refused} of {found.total - same} altered versions refused")
    if same:
        parts[-1] += f" ({same} more {'means' if same == 1 else 'mean'} the same)"
    if found.left_unread:
        parts.append("left side not checked")
    explained = how(problem, referee, found)
    rests_on = tuple(referee.rests_on) + tuple(
        label for label in problem.extra if label not in referee.rests_on
    )
    data = record(problem.label, status, found, rests_on, explained)
    return Verdict(problem.label, status, "; ".join(parts) + ".", explained, data)


def kind(problem: Problem, referee: Any) -> str:
    """What the instances were computed in."""
    if referee.numerical or problem.coarse:
        return "numerical instances"
    return "exact instances" if problem.numbers.exact else "instances to 40 digits"


def how(problem: Problem, referee: Any, found: Findings) -> str:
    """What was established and from what, in sentences."""
    sentences = [f"The display was read from the page: {referee.how(problem)}."]
    shown = "; ".join(size for size in found.sizes if size)
    if shown:
        sentences.append(f"Instances: {shown}.")
    if found.proved:
        sentences.append("The proof is symbolic; an unknown outcome would have failed.")
    sentences.append(
        f"Of {found.total} altered versions {found.refuted} gave another value and "
        f"{found.ill_formed} could not be evaluated."
    )
    reasons: dict[str, list[str]] = {}
    for mutant in found.same:
        shown = reasons.setdefault(mutant.reason, [])
        if (words := alteration(mutant)) not in shown:
            shown.append(words)
    for reason, changes in reasons.items():
        sentences.append(f"The same is said by {', '.join(changes)}: {reason}.")
    if found.left_unread:
        sentences.append("The first side was not evaluated: its letters have no value.")
    for name in found.premises:
        sentences.append(f"Needed: {name}.")
    return " ".join(sentences)


def record(
    label: str, status: str, found: Findings, rests_on: tuple[str, ...], how: str
) -> dict[str, Any]:
    """The record as data, from which the ledger is made."""
    return {
        "label": label,
        "status": status,
        "counts": {
            "instances": found.instances,
            "altered": found.total,
            "refuted": found.refuted,
            "ill_formed": found.ill_formed,
            "justified": found.total - found.refused,
        },
        "rests_on": list(rests_on),
        "premises": found.premises,
        "how": how,
    }
