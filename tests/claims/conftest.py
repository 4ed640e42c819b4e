"""The option for the full proofs, and what the misprints of each page came to."""

from collections import Counter
from typing import Any

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--thorough",
        action="store_true",
        help="try all misprints, and the prover on refuted versions of every claim",
    )


def pytest_terminal_summary(terminalreporter: Any) -> None:
    pages: dict[str, Counter[str]] = {}
    for report in (r for rs in terminalreporter.stats.values() for r in rs):
        for name, value in getattr(report, "user_properties", ()):
            if name == "misprints" and report.when == "call":
                pages.setdefault(value["page"], Counter()).update(value["counts"])
    if pages:
        terminalreporter.section("misprints of displayed equations")
    for page, counts in pages.items():
        words = ", ".join(f"{n} {what}" for what, n in sorted(counts.items()))
        terminalreporter.write_line(f"{page}: {words}")
