"""A server for the built pages and a Chromium to open them with, one per worker."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from checks import serve
from playwright.sync_api import Browser, sync_playwright

from book import HTML

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def lacking(what: str) -> None:
    """Skip a test that cannot be done here; in CI it must be done."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session")
def built() -> Path:
    if not (HTML / "index.html").exists():
        lacking("there are no built pages: run make book")
    return HTML


@pytest.fixture(scope="session")
def site(built: Path) -> Iterator[str]:
    yield from serve(built)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        lacking(f"no Chromium was found (looked for {', '.join(NAMES)})")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=QUIET)
        yield browser
        browser.close()
