"""Every built page, opened in a browser: light and dark, desktop and phone."""

from pathlib import Path

import checks
import pytest
from playwright.sync_api import Browser

from book import HTML, chapters

PAGES = sorted(
    path.relative_to(HTML).with_suffix("").as_posix()
    for path in HTML.rglob("*.html")
    if "_static" not in path.parts
)
CHAPTERS = [chapter.name for chapter in chapters()]


def test_every_chapter_was_built(built: Path) -> None:
    assert set(CHAPTERS) <= set(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_links(built: Path, name: str) -> None:
    path = built / f"{name}.html"
    assert checks.links(path, built) + checks.numbers(path) == []


@pytest.mark.parametrize("name", PAGES)
def test_desktop_in_light(browser: Browser, site: str, built: Path, name: str) -> None:
    with checks.visit(browser, f"{site}/{name}.html") as seen:
        complaints = [
            *checks.console(seen),
            *checks.requests(seen),
            *checks.equations(seen),
            *checks.wide_equations(seen),
            *checks.raw_tex(seen),
            *checks.images(seen),
            *checks.figures(seen),
            *checks.copying(seen),
            *checks.overflow(seen),
            *checks.accessibility(seen),
        ]
        if name != "search":  # there the field of the results stands as well
            complaints += checks.search(seen)
        if name in CHAPTERS:
            complaints += checks.launching(seen, name, built)
    assert complaints == []


@pytest.mark.parametrize("name", PAGES)
def test_phone_in_dark(browser: Browser, site: str, name: str) -> None:
    with checks.visit(
        browser, f"{site}/{name}.html", width=checks.PHONE, theme="dark"
    ) as seen:
        complaints = [
            *checks.console(seen),
            *checks.requests(seen),
            *checks.equations(seen),
            *checks.overflow(seen),
            *checks.accessibility(seen),
            *checks.dark_figures(seen),
        ]
    assert complaints == []
