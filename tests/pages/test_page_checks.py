"""Each check finds a page bad in just its way, and has nothing against a good one."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import checks
import nbformat
import pytest
from playwright.sync_api import Browser

PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8"
    "z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)
MATHJAX = "<script>window.MathJax = {startup: {promise: Promise.resolve()}}</script>"
GOOD = f"""
<input type="search" aria-label="Search">
<p>An equation: <span class="math"><mjx-container>x</mjx-container></span>.</p>
<figure id="fig"><img alt="A dot" src="{PIXEL}" style="background: #fff">
<figcaption><span class="caption-number">Fig. 1</span> A dot.</figcaption></figure>
<div class="cell_input"><div class="highlight"><pre>1</pre>
<button class="copybtn">Copy</button></div></div>
<p><a href="{checks.BINDER}?urlpath=lab/tree/book/page.md">Binder</a>
<a href="page.ipynb">Notebook</a> <a href="other.html#place">a place</a></p>
<div class="math" id="equation-a"><mjx-container>y</mjx-container>
<span class="eqno">(1.1)<a class="headerlink" href="#equation-a">#</a></span></div>
<p>See <a href="#equation-a">(1.1)</a>.</p>
"""
# For each check, what makes the good page bad: (what stands there, what replaces it).
BAD = {
    checks.console: ("</p>", "</p><script>undefined.x</script>"),
    checks.requests: ("<figure", '<img alt="" src="http://127.0.0.2:9/x.png"><figure'),
    checks.equations: ("<mjx-container>x</mjx-container>", "x"),
    checks.wide_equations: (
        "<mjx-container>y",
        '<mjx-container style="display: block; overflow-x: auto">'
        '<i style="display: block; width: 2000px"></i>y',
    ),
    checks.raw_tex: ("An equation", r"An equation \frac{1}{2}"),
    checks.accessibility: ("<p>", '<p style="color: #ccc; background: #fff">'),
    checks.overflow: ("<p>", '<p style="width: 3000px">'),
    checks.search: ("<figure", '<input type="search" aria-label="Again"><figure'),
    checks.images: ('alt="A dot"', 'alt=""'),
    checks.figures: ("figcaption", "div"),
    checks.dark_figures: ("background: #fff", "background: #000"),
    checks.copying: ('<button class="copybtn">Copy</button>', ""),
}
ALSO_BAD = [
    (checks.requests, ("<figure", '<img alt="" src="missing.png"><figure')),
    (checks.equations, (">x<", "><mjx-merror>x</mjx-merror><")),
    (checks.raw_tex, ("An equation", "An equation $$")),
    (checks.raw_tex, ("An equation", "An equation $x$")),
    (checks.images, ('alt="A dot"', 'alt="../_images/dot.png"')),
    (checks.figures, (' id="fig"', "")),
    (checks.search, ('<input type="search" aria-label="Search">', "")),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    cell = nbformat.v4.new_code_cell("1")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "page.ipynb")
    (tmp_path / "other.html").write_text('<p id="place">Here.</p>')
    return tmp_path


@pytest.fixture
def address(folder: Path) -> Iterator[str]:
    yield from checks.serve(folder)


def write(folder: Path, body: str) -> Path:
    """A page with a body."""
    path = folder / "page.html"
    path.write_text(
        '<!doctype html><html lang="en"><head><title>Page</title>'
        f'<link rel="icon" href="{PIXEL}">{MATHJAX}</head>'
        f'<body><main class="bd-article"><h1>Page</h1>{body}</main></body></html>'
    )
    checks.parsed.cache_clear()
    checks.anchors.cache_clear()
    return path


def test_a_good_page_gives_no_complaint(
    browser: Browser, folder: Path, address: str
) -> None:
    path = write(folder, GOOD)
    assert checks.links(path, folder) + checks.numbers(path) == []
    with checks.visit(browser, f"{address}/page.html", width=checks.PHONE) as seen:
        for check in (*BAD, partial(checks.launching, name="page", built=folder)):
            assert check(seen) == []


@pytest.mark.parametrize(("check", "change"), [*BAD.items(), *ALSO_BAD])
def test_a_bad_page_is_found(
    browser: Browser, folder: Path, address: str, check, change: tuple[str, str]
) -> None:
    assert change[0] in GOOD
    write(folder, GOOD.replace(*change))
    with checks.visit(browser, f"{address}/page.html", width=checks.PHONE) as seen:
        assert check(seen) != []


@pytest.mark.parametrize(
    "change",
    [
        ("page.md", "elsewhere.md"),
        ('<a href="page.ipynb">Notebook</a>', ""),
        ("page.ipynb", "missing.ipynb"),
        ("page.ipynb", "broken.ipynb"),
        ("page.ipynb", "empty.ipynb"),
    ],
)
def test_a_chapter_that_cannot_be_taken_along_is_found(
    browser: Browser, folder: Path, address: str, change: tuple[str, str]
) -> None:
    (folder / "broken.ipynb").write_text("{")
    nbformat.write(nbformat.v4.new_notebook(), folder / "empty.ipynb")
    write(folder, GOOD.replace(*change))
    with checks.visit(browser, f"{address}/page.html") as seen:
        assert checks.launching(seen, "page", folder) != []


@pytest.mark.parametrize(
    "change",
    [
        ("other.html#place", "missing.html"),
        ("other.html#place", "other.html#nowhere"),
        ("other.html#place", "../outside.html"),
        ('<a class="headerlink" href="#equation-a">#</a>', ""),
        ('<a href="#equation-a">(1.1)</a>', '<a href="#equation-a">here</a>'),
    ],
)
def test_a_link_that_leads_nowhere_is_found(
    folder: Path, change: tuple[str, str]
) -> None:
    (folder.parent / "outside.html").write_text("")
    assert change[0] in GOOD
    path = write(folder, GOOD.replace(*change))
    assert checks.links(path, folder) + checks.numbers(path) != []
