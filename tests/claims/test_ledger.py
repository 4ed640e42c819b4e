"""The ledger agrees with the chapters both ways and can be read by everyone.

Mutations that fail these tests: skipping labels without a record in ``read``; skipping
records without a label; a text colour that cannot be read on its own bar.
"""

import json

import matplotlib as mpl
import pytest

mpl.use("Agg")

from claims import ledger
from claims.ledger import STATUSES, Entry, Ledger, read
from claims.ledger_graph import depths, islands, layout
from claims.verdict import MIME

COUNTS = {"altered": 12, "refuted": 9, "ill_formed": 2, "justified": 1}


def chapter(*labels):
    fences = [f"```{{math}}\n:label: {label}\na = b\n```" for label in labels]
    return "\n\n".join(["# A chapter", *fences])


def notebook(*records):
    outputs = [{"output_type": "display_data", "data": {MIME: r}} for r in records]
    other = {"output_type": "stream", "text": "hello"}
    cells = [{"cell_type": "markdown"}, {"outputs": [*outputs, other]}]
    return json.dumps({"cells": cells})


@pytest.fixture
def root(tmp_path):
    book = tmp_path / "book"
    (book / "mixtures").mkdir(parents=True)
    (book / "mixtures" / "b.md").write_text(chapter("b-objective", "b-optimum"))
    (book / "mixtures" / "a.md").write_text(chapter("a-bare"))
    (book / "draft.md").write_text(chapter("draft-line"))
    toc = "root: index\nchapters:\n  - file: mixtures/b\n  - file: mixtures/a\n"
    (tmp_path / "_toc.yml").write_text(toc)
    executed = tmp_path / "_build" / "executed" / "mixtures"
    executed.mkdir(parents=True)
    records = [
        {"label": "b-objective", "status": "definition", "rests_on": []},
        {"label": "b-optimum", "status": "numerical"},
        {
            "label": "b-optimum",
            "status": "proved in general",
            "rests_on": ["b-objective"],
            "counts": COUNTS,
        },
        {"label": "gone-away", "status": "cited"},
    ]
    (executed / "b.ipynb").write_text(notebook(*records))
    return book


def test_every_label_is_listed_in_the_order_of_the_book(root):
    entries = read(root).entries
    assert [e.label for e in entries] == ["b-objective", "b-optimum", "a-bare"]
    assert [e.page for e in entries] == ["mixtures/b", "mixtures/b", "mixtures/a"]


def test_what_is_not_checked_and_what_is_nowhere_are_both_listed(root):
    found = read(root)
    assert found.entries[2].status == "not checked"
    assert found.orphans == ("gone-away",)
    page = found.loose_ends()
    assert "Not checked (1): {eq}`a-bare`" in page
    assert "Checked, but in no chapter (1): `gone-away`" in page
    assert "Rested on, but in no chapter (0): none." in page


def test_the_last_record_of_a_label_stands(root):
    assert read(root).counts == {
        "proved in general": 1,
        "definition": 1,
        "not checked": 1,
    }


def test_an_unknown_status_is_an_error(root):
    executed = root.parent / "_build" / "executed" / "a.ipynb"
    executed.write_text(notebook({"label": "a-bare", "status": "surely true"}))
    with pytest.raises(ValueError, match="surely true"):
        read(root)


def test_the_table_links_labels_and_counts_what_was_refused(root):
    table = read(root).table()
    assert "| {eq}`b-optimum` | `b-optimum` | proved in general |" in table
    assert "11 of 12 (2 without a value, 1 equal, with a reason)" in table
    assert table.strip().endswith("not checked |  |  |")
    assert table.count("\n") == 5


def test_a_label_that_is_not_in_the_book_is_not_linked():
    table = Ledger((Entry("a-b", "p", "cited", rests_on=("no-where",)),)).table()
    assert "`no-where`" in table
    assert "{eq}`no-where`" not in table


def test_the_bar_says_its_shares_in_words(root):
    bar = read(root).bar()
    assert 'role="img"' in bar
    assert "proved in general: 1; definition: 1; not checked: 1" in bar
    assert "proved in general: 1 (33 %)" in bar


def luminance(colour):
    channels = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    ]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("status", STATUSES)
def test_text_can_be_read_on_every_colour(status):
    fill, ink, _ = STATUSES[status]
    dark, light = sorted((luminance(fill), luminance(ink)))
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_layers_follow_the_derivations():
    chain = {"c": ("b", "a"), "b": ("a",), "a": (), "d": ("a",)}
    assert depths(chain) == {"a": 0, "b": 1, "d": 1, "c": 2}
    assert [sorted(layer) for layer in layout(chain)] == [["a"], ["b", "d"], ["c"]]


def test_what_is_not_tied_stands_apart():
    ties = {"b": ("a",), "a": (), "d": ("c",), "c": (), "e": ("b",)}
    assert sorted(sorted(island) for island in islands(ties)) == [
        ["a", "b", "e"],
        ["c", "d"],
    ]


def test_a_circle_of_derivations_does_not_hang():
    assert set(depths({"a": ("b",), "b": ("a",), "c": ("c",)})) == {"a", "b", "c"}


def many(n, every):
    entries = [Entry(f"topic-{i % 7}-of-a-long-name-{i}", "p") for i in range(n)]
    names = [e.label for e in entries]
    return Ledger(
        tuple(
            Entry(e.label, "p", "cited", rests_on=tuple(names[i - i % 9 : i : every]))
            if i % 9
            else e
            for i, e in enumerate(entries)
        )
    )


@pytest.mark.parametrize("chain", [1, 4])
def test_every_name_in_the_graph_fits_its_box(chain):
    figure = many(60, chain).plot()
    figure.canvas.draw()
    axes = figure.axes[0]
    names = [t for t in axes.texts if t.get_text()]
    boxes = [box.get_window_extent() for box in axes.patches]
    assert len(names) == len(boxes) == 60
    for name, box in zip(names, boxes, strict=True):
        assert name.get_fontsize() >= 7
        inside = name.get_window_extent()
        assert box.x0 <= inside.x0
        assert inside.x1 <= box.x1
        assert inside.height <= box.height
    pairs = [(a, b) for n, a in enumerate(boxes) for b in boxes[:n]]
    assert not any(a.overlaps(b) for a, b in pairs)
    mpl.pyplot.close(figure)


def test_an_empty_book_has_a_ledger(tmp_path):
    (tmp_path / "book").mkdir()
    empty = read(tmp_path / "book")
    assert empty == Ledger(())
    mpl.pyplot.close(empty.plot())
    assert "none" in empty.loose_ends()
    assert ledger.Page("x")._repr_markdown_() == "x"
