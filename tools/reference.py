"""Write `tests/reference`: the chapters' cells with their text outputs.

nbval does not compare PNG or JPEG images, so they are left out; everything that it does
compare stays. A cell whose output it is told to ignore keeps none.
"""

import copy
import sys

import nbformat
from nbformat import NotebookNode

from book import REFERENCES, ROOT, Chapter, chapters

IMAGES = {"image/png", "image/jpeg"}
UNCOMPARED = {"nbval-ignore-output", "nbval-skip"}


def main() -> int:
    """Write the reference of every chapter and delete those without one."""
    everything = chapters()
    for chapter in everything:
        text = nbformat.writes(reference(chapter), sort_keys=True) + "\n"
        path = chapter.reference
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path.relative_to(ROOT)}")
    for path in set(REFERENCES.rglob("*.ipynb")) - {c.reference for c in everything}:
        path.unlink()
        print(f"deleted {path.relative_to(ROOT)}")
    return 0


def reference(chapter: Chapter) -> NotebookNode:
    """The code cells of an executed chapter with what nbval will compare."""
    executed = nbformat.read(chapter.executed, as_version=4)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": kernel})
    for i, cell in enumerate(executed.cells, start=1):
        tags = cell.metadata.get("tags", [])
        notebook.cells.append(
            nbformat.v4.new_code_cell(
                id=f"cell-{i}",
                source=cell.source,
                metadata={"tags": tags} if tags else {},
                execution_count=i,
                outputs=[] if UNCOMPARED & set(tags) else texts(cell.outputs, i),
            )
        )
    return notebook


def texts(outputs: list[NotebookNode], count: int) -> list[NotebookNode]:
    """The outputs of a cell without its images, printed text in one piece.

    In how many pieces text arrives is chance: joined, the file changes only when the
    text does.
    """
    kept: list[NotebookNode] = []
    for output in copy.deepcopy(outputs):
        streams = output.output_type == "stream" and kept
        if streams and kept[-1].get("name") == output.name:
            kept[-1].text += output.text
            continue
        kept.append(output)
        if "execution_count" in output:
            output.execution_count = count
        if "data" in output:
            output.data = {k: v for k, v in output.data.items() if k not in IMAGES}
            output.metadata = {}
    return kept


if __name__ == "__main__":
    sys.exit(main())
