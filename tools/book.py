"""What the build tools share: where things are, and which chapters there are."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml
from jupyter_cache import get_cache
from jupyter_cache.cache.main import JupyterCacheBase
from myst_nb.core.read import is_myst_markdown_notebook, myst_nb_reader_plugin
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[1]
BOOK = ROOT / "book"
SOURCE = ROOT / "src"
BUILD = ROOT / "_build"
HTML = BUILD / "html"
CACHE = BUILD / ".jupyter_cache"
EXECUTED = BUILD / "executed"
REFERENCES = ROOT / "tests" / "reference"
CONFIG = ROOT / "_config.yml"
TOC = ROOT / "_toc.yml"
LOCK = ROOT / "requirements.lock"

# The ledger is made from what every other chapter has printed.
LAST = "appendices/ledger"

# Several chapters side by side, one thread each; the sources of this very tree.
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYTHONPATH": str(SOURCE),
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}
os.environ.update(ENVIRONMENT)


@dataclass(frozen=True)
class Chapter:
    """A page with code cells: its name (`mixtures/kmeans`) and its notebook."""

    name: str
    notebook: NotebookNode

    @property
    def source(self) -> Path:
        """The text notebook."""
        return BOOK / f"{self.name}.md"

    @property
    def executed(self) -> Path:
        """The code cells with their outputs, written by `tools/execute.py`."""
        return EXECUTED / f"{self.name}.ipynb"

    @property
    def reference(self) -> Path:
        """The code cells with their text outputs, kept in git."""
        return REFERENCES / f"{self.name}.ipynb"

    @property
    def cells(self) -> list[NotebookNode]:
        """The code cells, in order."""
        return [cell for cell in self.notebook.cells if cell.cell_type == "code"]


def pages() -> list[str]:
    """The names of the pages in the table of contents, in order."""

    def files(entry: object) -> list[str]:
        if isinstance(entry, list):
            return [name for part in entry for name in files(part)]
        if not isinstance(entry, dict):
            return []
        own = [entry[key] for key in ("root", "file") if key in entry]
        return own + [
            name
            for key in ("parts", "chapters", "sections")
            for name in files(entry.get(key))
        ]

    return files(yaml.safe_load(TOC.read_text(encoding="utf-8")))


def chapters() -> list[Chapter]:
    """The pages that hold code cells, in the order of the table of contents."""
    found = []
    for name in pages():
        path = BOOK / f"{name}.md"
        if not path.exists():
            sys.exit(f"_toc.yml names {name}, but book/{name}.md does not exist")
        if is_myst_markdown_notebook(path.read_text(encoding="utf-8")):
            # The very reader with which Sphinx will look the chapter up in the cache.
            chapter = Chapter(name, myst_nb_reader_plugin(str(path)))
            for i, cell in enumerate(chapter.cells, start=1):
                cell["id"] = f"cell-{i}"
            if chapter.cells:
                found.append(chapter)
    return found


def open_cache() -> JupyterCacheBase:
    """The store of executed chapters that Sphinx reads too."""
    return get_cache(CACHE)
