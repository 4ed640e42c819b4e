"""The checks of a page: each gives a list of complaints, empty when all is well."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import nbformat
from axe_playwright_python.sync_playwright import Axe
from bs4 import BeautifulSoup
from playwright.sync_api import Browser, Page

DESKTOP, PHONE = 1280, 390
BINDER = "https://mybinder.org/v2/gh/latent-variables/latent-variables/main"
RAW_TEX = re.compile(r"\\[A-Za-z]{2,}|\\[(\[]|\$\$|\$[^$\s][^$]*\$")
TYPESET = "async () => { await window.MathJax?.startup?.promise; }"
LOADED = "!document.querySelector('.math') || window.MathJax?.startup?.promise"


class QuietHandler(SimpleHTTPRequestHandler):
    """A file server that keeps no log."""

    def log_message(self, format: str, *args: object) -> None:
        pass


def serve(folder: Path) -> Iterator[str]:
    """Serve a folder over http on a free port; its address."""
    handler = partial(QuietHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@dataclass
class Visit:
    """An open page, and what went on while it was loaded."""

    page: Page
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


@contextmanager
def visit(
    browser: Browser, url: str, *, width: int = DESKTOP, theme: str = "light"
) -> Iterator[Visit]:
    """Open a page as on a first visit, and wait until its equations are typeset."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=theme
    )
    page = context.new_page()
    seen = Visit(page)
    page.on("console", lambda m: m.type == "error" and seen.errors.append(m.text))
    page.on("pageerror", lambda error: seen.errors.append(str(error)))
    page.on("request", lambda request: seen.requests.append(request.url))
    page.on("requestfailed", lambda request: seen.failures.append(request.url))
    page.on("response", lambda r: r.status >= 400 and seen.failures.append(r.url))
    page.goto(url, wait_until="load")
    page.wait_for_function(LOADED)
    page.evaluate(TYPESET)
    page.wait_for_load_state("networkidle")
    yield seen
    context.close()


def console(seen: Visit) -> list[str]:
    """No script error."""
    return [f"console error: {text}" for text in seen.errors]


def requests(seen: Visit) -> list[str]:
    """Every request answered, and none to another host."""
    own = urlsplit(seen.page.url).netloc
    foreign = [
        url
        for url in seen.requests
        if urlsplit(url).scheme not in {"data", "blob"} and urlsplit(url).netloc != own
    ]
    return [f"failed request: {url}" for url in seen.failures] + [
        f"foreign request: {url}" for url in foreign
    ]


def equations(seen: Visit) -> list[str]:
    """Each piece of maths typeset exactly once, and without error."""
    counts = seen.page.eval_on_selector_all(
        ".math:not(mjx-container *)",
        """all => all.map(e => [e.querySelectorAll("mjx-container").length,
        e.querySelectorAll("mjx-merror, [data-mml-node=merror]").length,
        e.textContent.slice(0, 60)])""",
    )
    return [f"not typeset: {text}" for one, _, text in counts if one != 1] + [
        f"typeset with an error: {text}" for _, wrong, text in counts if wrong
    ]


def wide_equations(seen: Visit) -> list[str]:
    """On a desktop no equation needs to be scrolled: it is broken over lines."""
    wide = seen.page.eval_on_selector_all(
        "div.math",
        """all => all.filter(e => [...e.querySelectorAll("mjx-container")]
        .some(m => m.clientWidth > 0 && m.scrollWidth > m.clientWidth + 2))
        .map(e => e.id)""",
    )
    return [f"wider than its column: {name}" for name in wide]


def raw_tex(seen: Visit) -> list[str]:
    """No LaTeX in the text that is read, also in folded parts of the page."""
    text = seen.page.evaluate(
        """() => { const copy = document.body.cloneNode(true);
        const code = "script, style, pre, code, mjx-container";
        copy.querySelectorAll(code).forEach(e => e.remove());
        return copy.textContent; }"""
    )
    return [f"raw LaTeX: {found[0]}" for found in RAW_TEX.finditer(text)]


def accessibility(seen: Visit) -> list[str]:
    """No serious or critical violation in axe-core's eyes."""
    return [
        f"{violation['impact']} axe violation {violation['id']}: {node['html'][:200]}"
        for violation in Axe().run(seen.page).response["violations"]
        if violation["impact"] in {"serious", "critical"}
        for node in violation["nodes"]
    ]


def overflow(seen: Visit) -> list[str]:
    """The page is not wider than the screen."""
    screen = seen.page.viewport_size["width"]
    width = seen.page.evaluate("document.scrollingElement.scrollWidth")
    return [] if width <= screen else [f"{width} px wide on a screen of {screen} px"]


def search(seen: Visit) -> list[str]:
    """Exactly one way to search is in sight."""
    fields = seen.page.locator(
        ".search-button:visible, .search-button-field:visible,"
        " input[type=search]:visible"
    )
    return [] if fields.count() == 1 else [f"{fields.count()} search fields in sight"]


def images(seen: Visit) -> list[str]:
    """Every image says in words what it shows."""
    found = seen.page.eval_on_selector_all(
        "img", "all => all.map(e => [e.getAttribute('alt') || '', e.src])"
    )
    return [
        f"no alternative text: {source}"
        for text, source in found
        if not text.strip() or re.search(r"\.(png|jpe?g|svg)$", text)
    ]


def figures(seen: Visit) -> list[str]:
    """Every image of the text stands in a figure with a name and a numbered caption."""
    found = seen.page.eval_on_selector_all(
        ".bd-article img:not(.toggler)",
        """all => all.map(e => { const f = e.closest("figure");
        return [e.src, f?.id || "", f?.querySelector("figcaption")?.innerText || "",
                f?.querySelector(".caption-number") != null]; })""",
    )
    return [
        f"a figure needs a name and a numbered caption: {source}"
        for source, name, caption, number in found
        if not (name and caption.strip() and number)
    ]


def dark_figures(seen: Visit) -> list[str]:
    """In dark mode, figures keep a light ground of their own."""
    grounds = seen.page.eval_on_selector_all(
        ".bd-article figure img, .bd-article .cell_output img",
        "all => all.map(e => [getComputedStyle(e).backgroundColor, e.src])",
    )
    return [
        f"a figure on {ground} in dark mode: {source}"
        for ground, source in grounds
        if min(map(float, re.findall(r"[\d.]+", ground))) < 200
    ]


def copying(seen: Visit) -> list[str]:
    """Every piece of code has a button that copies it."""
    missing = seen.page.eval_on_selector_all(
        ".bd-article .cell_input div.highlight",
        """all => all.filter(e => !e.querySelector("button.copybtn"))
        .map(e => e.textContent.slice(0, 60))""",
    )
    return [f"no copy button: {code}" for code in missing]


def launching(seen: Visit, name: str, built: Path) -> list[str]:
    """A chapter can be opened on Binder and downloaded as a notebook."""
    links = seen.page.eval_on_selector_all("a[href]", "all => all.map(e => e.href)")
    complaints = []
    if f"{BINDER}?urlpath=lab/tree/book/{name}.md" not in links:
        complaints.append("no Binder link to this chapter")
    notebooks = [link for link in links if urlsplit(link).path.endswith(".ipynb")]
    if not notebooks:
        complaints.append("no notebook to download")
    for link in set(notebooks):
        path = built / urlsplit(link).path.lstrip("/")
        try:
            cells = nbformat.read(path, as_version=4).cells
        except (OSError, json.JSONDecodeError, nbformat.reader.NotJSONError) as error:
            complaints.append(f"{path.name} does not open: {error}")
            continue
        if not any(cell.cell_type == "code" for cell in cells):
            complaints.append(f"{path.name} has no code")
    return complaints


def numbers(path: Path) -> list[str]:
    """Labelled equations have a number, and references lead to one."""
    page = parsed(path)
    unnumbered = [
        f"a labelled equation without a number: {box['id']}"
        for box in page.select("div.math[id^=equation-]")
        if box.select_one(".eqno a.headerlink") is None
    ]
    return unnumbered + [
        f"a reference to an equation that shows no number: {link['href']}"
        for link in page.select("a[href*='#equation-']:not(.headerlink)")
        if not re.search(r"\d", link.get_text())
    ]


def links(path: Path, built: Path) -> list[str]:
    """Every link within the book leads to a page, and to a place on it, that exists."""
    complaints = []
    attributes = {"a": "href", "link": "href", "script": "src", "img": "src"}
    for element in parsed(path).find_all(attributes):
        target = element.get(attributes[element.name])
        if not target:
            continue
        parts = urlsplit(str(target))
        if parts.scheme or parts.netloc:
            continue
        file = path if not parts.path else (path.parent / unquote(parts.path)).resolve()
        if not file.is_file() or built.resolve() not in file.parents:
            complaints.append(f"broken link: {target}")
        elif (
            parts.fragment
            and file.suffix == ".html"
            and unquote(parts.fragment) not in anchors(file)
        ):
            complaints.append(f"no such place: {target}")
    return complaints


@cache
def parsed(path: Path) -> BeautifulSoup:
    """A page as it was written by Sphinx, before any script ran."""
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


@cache
def anchors(path: Path) -> set[str]:
    """The places on a page that a link can name."""
    return {
        str(element.get("id") or element.get("name"))
        for element in parsed(path).find_all(
            lambda e: e.has_attr("id") or (e.name == "a" and e.has_attr("name"))
        )
    }
