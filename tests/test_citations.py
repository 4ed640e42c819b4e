"""Book and code name each other's equations, in both directions."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
LISTED = re.compile(r"`([a-z]+-[a-z0-9-]+)`")
LABEL = re.compile(r"^:label:\s*([\w-]+)\s*$", re.MULTILINE)
SHOWN = re.compile(r"^```\{literalinclude\}\s+(\S+)\n((?::[\w-]+:.*\n)*)", re.MULTILINE)


def labels(folder: Path) -> set[str]:
    return {
        label
        for page in folder.rglob("*.md")
        for label in LABEL.findall(page.read_text(encoding="utf-8"))
    }


def citations(folder: Path) -> dict[str, set[str]]:
    """Labels between backticks in each module; options in backticks have no hyphen."""
    return {
        str(module.relative_to(folder)): set(LISTED.findall(module.read_text()))
        for module in folder.rglob("*.py")
        if not module.name.startswith("make_")
    }


def unknown(cited: dict[str, set[str]], known: set[str]) -> set[str]:
    return {f"{module}: {label}" for module, c in cited.items() for label in c - known}


def test_every_equation_that_the_code_cites_stands_in_the_book():
    assert not unknown(citations(ROOT / "src" / "latent"), labels(ROOT / "book"))


def test_a_citation_of_no_equation_is_noticed(tmp_path):
    """Kills a pattern that finds nothing."""
    (tmp_path / "model.py").write_text('"""The step (eq. `gmm-no-such-thing`)."""')
    missing = unknown(citations(tmp_path), labels(ROOT / "book"))
    assert missing == {"model.py: gmm-no-such-thing"}


def test_every_function_of_a_topic_that_is_an_equation_cites_one():
    """An E-step, an M-step or a density without its equation has no source."""
    for module in (ROOT / "src" / "latent" / "mixtures").glob("[a-z]*.py"):
        text = module.read_text(encoding="utf-8")
        for name in ("e_step", "m_step", "log_joint"):
            found = re.search(rf'^def {name}\(.*?"""(.*?)"""', text, re.DOTALL | re.M)
            if found:
                assert LISTED.search(found[1]), f"{module.name}: {name}"


def test_chapters_show_objects_that_exist():
    for page in (ROOT / "book").rglob("*.md"):
        for target, options in SHOWN.findall(page.read_text(encoding="utf-8")):
            source = (page.parent / target).resolve()
            assert source.is_file(), f"{page.name}: {target}"
            for name in re.findall(r":pyobject:\s*(\w+)", options):
                shown = re.search(rf"^(def|class) {name}\b", source.read_text(), re.M)
                assert shown, f"{page.name}: {name}"
