"""Execute the chapters whose stored outputs are stale, several at once.

The outputs go into the cache that Sphinx reads, so that Sphinx itself executes nothing,
and to `_build/executed`, from which the references and the ledger are made.
"""

import json
import os
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from digest import digest
from jupyter_cache.base import CacheBundleIn
from nbclient import NotebookClient
from nbformat import NotebookNode

from book import BUILD, CACHE, EXECUTED, LAST, ROOT, Chapter, chapters, open_cache

DIGESTS = CACHE / "digests.json"
CELL_TIMEOUT = 600


def main() -> int:
    """Bring every chapter's outputs up to date; 1 where a cell failed."""
    everything = chapters()
    forget_removed(everything)
    first = [chapter for chapter in everything if chapter.name != LAST]
    last = [chapter for chapter in everything if chapter.name == LAST]
    failed = update([(chapter, digest(chapter)) for chapter in first])
    if failed == 0:
        written = [chapter.executed for chapter in first]
        failed = update([(chapter, digest(chapter, written)) for chapter in last])
    if failed:
        print(f"{failed} of {len(everything)} chapters failed", flush=True)
    return 1 if failed else 0


def update(chapters_with_digests: list[tuple[Chapter, str]]) -> int:
    """Execute the stale chapters side by side; the number of those that failed."""
    known = json.loads(DIGESTS.read_text()) if DIGESTS.exists() else {}
    stale = []
    for chapter, now in chapters_with_digests:
        if known.get(chapter.name) == now and stored(chapter):
            write_executed(chapter)
        else:
            forget(chapter)
            stale.append((chapter, now))
    fresh = len(chapters_with_digests) - len(stale)
    if fresh:
        print(f"{fresh} chapters are up to date", flush=True)
    if not stale:
        return 0

    failed = 0
    jobs = min(len(stale), int(os.environ.get("JOBS", os.cpu_count() or 1)))
    with ProcessPoolExecutor(jobs) as pool:
        waiting = {
            pool.submit(execute, chapter): (chapter, now) for chapter, now in stale
        }
        for future in as_completed(waiting):
            chapter, now = waiting[future]
            notebook, seconds, error = future.result()
            if error:
                failed += 1
                say("FAILED", chapter, seconds)
                print(error, flush=True)
                continue
            store(chapter, notebook, seconds)
            known[chapter.name] = now
            DIGESTS.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
            say("done", chapter, seconds)
    return failed


def execute(chapter: Chapter) -> tuple[NotebookNode, float, str]:
    """Run one chapter in its own kernel: notebook, seconds and what went wrong."""
    say("executing", chapter)
    start = time.perf_counter()
    error = ""
    # A folder of its own, so that nothing depends on where a chapter is run.
    with TemporaryDirectory() as folder:
        client = NotebookClient(
            chapter.notebook,
            timeout=CELL_TIMEOUT,
            resources={"metadata": {"path": folder}},
            record_timing=False,  # times in the cells would change their hash
            extra_arguments=["--log-level=ERROR"],
        )
        try:
            client.execute()
        except Exception as exception:  # whatever it was, it is shown
            error = explain(chapter, exception)
    return chapter.notebook, time.perf_counter() - start, error


def say(what: str, chapter: Chapter, seconds: float | None = None) -> None:
    """One line of progress."""
    took = "" if seconds is None else f" ({seconds:.1f} s)"
    print(f"  {what:9} {chapter.name}{took}", flush=True)


def explain(chapter: Chapter, exception: Exception) -> str:
    """Which cell of which chapter failed, and its traceback."""
    cells = chapter.notebook.cells
    lines = chapter.notebook.metadata["source_map"]
    # Cells run in order: the one that failed is the last that has begun.
    begun = [i for i, cell in enumerate(cells) if cell.get("execution_count")]
    bad = [
        i
        for i, cell in enumerate(cells)
        if any(output.output_type == "error" for output in cell.get("outputs", []))
    ]
    where = (bad or begun or [0])[-1]
    number = sum(cell.cell_type == "code" for cell in cells[: where + 1])
    path = chapter.source.relative_to(ROOT)
    return f"{path}:{lines[where]}: code cell {number}\n{exception}"


def stored(chapter: Chapter) -> bool:
    """Whether the cache holds the outputs of exactly these cells."""
    try:
        open_cache().match_cache_notebook(chapter.notebook)
    except KeyError:
        return False
    return True


def forget(chapter: Chapter) -> None:
    """Drop a chapter's stored outputs and Sphinx's memory of its page."""
    if stored(chapter):
        cache = open_cache()
        cache.remove_cache(cache.match_cache_notebook(chapter.notebook).pk)
    chapter.executed.unlink(missing_ok=True)
    (BUILD / ".doctrees" / f"{chapter.name}.doctree").unlink(missing_ok=True)


def store(chapter: Chapter, notebook: NotebookNode, seconds: float) -> None:
    """Keep the outputs of a chapter that ran through."""
    bundle = CacheBundleIn(
        notebook, str(chapter.source), data={"execution_seconds": seconds}
    )
    open_cache().cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
    write_executed(chapter)


def write_executed(chapter: Chapter) -> None:
    """Write the code cells with their outputs, unless they stand there already."""
    _, notebook = open_cache().merge_match_into_notebook(chapter.notebook)
    notebook.cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for i, cell in enumerate(notebook.cells, start=1):
        cell["id"] = f"cell-{i}"
    notebook.metadata.pop("source_map", None)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    text = nbformat.writes(notebook, sort_keys=True) + "\n"
    path = chapter.executed
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def forget_removed(everything: Iterable[Chapter]) -> None:
    """Delete the executed notebooks of chapters that are no more."""
    wanted: set[Path] = {chapter.executed for chapter in everything}
    for path in EXECUTED.rglob("*.ipynb"):
        if path not in wanted:
            path.unlink()


if __name__ == "__main__":
    sys.exit(main())
