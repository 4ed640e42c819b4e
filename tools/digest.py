"""What a chapter's outputs depend on, beside its cells, as one SHA-256 sum.

jupyter-cache looks at the code cells only. Here are added: the lock file, Python's
version, the modules under `src/` that the cells import (and what those import, and the
data files beside them), and, for a chapter with claims, every displayed equation of the
book, since a verdict depends on the LaTeX that is printed.
"""

import ast
import hashlib
import os
import platform
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from book import BOOK, LOCK, SOURCE, TOC, Chapter

PROCESSOR = ("ATEN_CPU_CAPABILITY", "NPY_DISABLE_CPU_FEATURES")
EQUATION = re.compile(r"^(`{3,}|:{3,})\{math\}.*?^\1\s*$|\$\$.*?\$\$", re.M | re.S)


def digest(chapter: Chapter, executed: list[Path] | None = None) -> str:
    """The sum for one chapter; `executed` are notebooks it is made from."""
    modules = closure("\n".join(plain(cell.source) for cell in chapter.cells))
    total = hashlib.sha256()
    total.update(platform.python_version().encode())
    total.update(repr([os.environ.get(name) for name in PROCESSOR]).encode())
    files = [LOCK, *modules, *beside(modules), *(executed or [])]
    if any(is_under(path, SOURCE / "claims") for path in modules):
        files.append(TOC)
        total.update("\n".join(equations()).encode())
    for path in files:
        total.update(f"{path.name} {sum_of(path)}\n".encode())
    return total.hexdigest()


def plain(source: str) -> str:
    """A cell without the lines that only IPython understands."""
    return re.sub(r"^\s*[%!].*$", "", source, flags=re.M)


def closure(source: str) -> list[Path]:
    """The modules under `src/` that a piece of code imports, directly or not."""
    waiting = list(imported(source, package=""))
    seen: set[Path] = set()
    while waiting:
        path = waiting.pop()
        if path not in seen:
            seen.add(path)
            package = path.parent.relative_to(SOURCE).as_posix().replace("/", ".")
            waiting += imported(path.read_text(encoding="utf-8"), package)
    return sorted(seen)


def imported(source: str, package: str) -> Iterator[Path]:
    """The files under `src/` that the import statements of one module name."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join([*above, *filter(None, [node.module])])
            base = base if node.level else node.module or ""
            names = [base, *(f"{base}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            yield from files_of(name)


def files_of(module: str) -> Iterator[Path]:
    """The files that importing a dotted name runs: packages, then the module."""
    path = SOURCE
    for part in module.split("."):
        path = path / part
        if (path / "__init__.py").exists():
            yield path / "__init__.py"
        elif path.with_suffix(".py").exists():
            yield path.with_suffix(".py")


def beside(modules: list[Path]) -> list[Path]:
    """The data files that belong to the packages among the modules."""
    packages = {path.parent for path in modules if path.name == "__init__.py"}
    return [path for path, owner in data_files() if owner in packages]


@cache
def data_files() -> list[tuple[Path, Path]]:
    """Every file under `src/` that is no module, with the nearest package above it."""
    found = []
    for path in sorted(SOURCE.rglob("*")):
        code = path.suffix in {".py", ".pyc"}
        unfinished = path.suffix == ".part" or path.stem == "checkpoint"
        if path.is_file() and not code and not unfinished:
            owners = (up for up in path.parents if (up / "__init__.py").exists())
            found.append((path, next(owners, SOURCE)))
    return found


@cache
def equations() -> list[str]:
    """Every displayed equation of the book, as it is written."""
    return [
        match.group()
        for path in sorted(BOOK.rglob("*.md"))
        for match in EQUATION.finditer(path.read_text(encoding="utf-8"))
    ]


@cache
def sum_of(path: Path) -> str:
    """The SHA-256 sum of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def is_under(path: Path, folder: Path) -> bool:
    """Whether a file lies in a folder or below it."""
    return folder in path.parents
