"""Build the pages with Sphinx, warnings as errors, unless nothing has changed."""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from book import BOOK, BUILD, CONFIG, EXECUTED, HTML, LOCK, ROOT, SOURCE, TOC

STAMP = BUILD / "pages.sha256"


def main() -> int:
    """Build what is out of date and say where the book is."""
    now = digest(inputs())
    if STAMP.exists() and STAMP.read_text() == now and (HTML / "index.html").exists():
        print("The pages are up to date.")
    else:
        STAMP.unlink(missing_ok=True)
        # A page that is no longer in the book must not linger among those that are.
        shutil.rmtree(HTML, ignore_errors=True)
        status = jupyter_book()
        if status:
            # Sphinx repeats no warning about a page that it does not read again.
            shutil.rmtree(BUILD / ".doctrees", ignore_errors=True)
            print("The book was not built: mend the warnings above.", flush=True)
            return status
        STAMP.write_text(now)
    print(f"\nThe book: {(HTML / 'index.html').as_uri()}")
    print("To read it in a browser: make serve")
    return 0


def jupyter_book() -> int:
    """Run Jupyter Book; its exit status."""
    command = [Path(sys.executable).with_name("jupyter-book"), "build", BOOK]
    places = ["--config", CONFIG, "--toc", TOC, "--path-output", ROOT]
    strict = ["-W", "-n", "--keep-going"]
    return subprocess.run(
        [*command, *places, *strict], cwd=ROOT, check=False
    ).returncode


def inputs() -> Iterator[Path]:
    """Every file that a page is made from."""
    yield from (CONFIG, TOC, LOCK)
    for folder in (BOOK, SOURCE, EXECUTED, ROOT / "tools"):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path


def digest(paths: Iterator[Path]) -> str:
    """One sum over the names and contents of files."""
    total = hashlib.sha256()
    for path in paths:
        total.update(path.relative_to(ROOT).as_posix().encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


if __name__ == "__main__":
    sys.exit(main())
