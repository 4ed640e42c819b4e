"""Write `pip freeze`, from standard input, to requirements.lock and environment.yml.

This runs in a fresh environment of its own, so it uses the standard library only.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TITLE = "# Written by `make lock`: the versions with which the book is checked.\n"


def pins(lines: list[str]) -> dict[str, str]:
    """The version of each package, without a build's local tag such as `+cpu`."""
    kept = {}
    for line in lines:
        match = re.fullmatch(r"([A-Za-z0-9._-]+)==([^+\s]+)(\+\S+)?", line.strip())
        if match is None:
            sys.exit(f"not a pinned package of a registry: {line.strip()}")
        kept[match[1]] = match[2]
    return kept


def environment(text: str, versions: dict[str, str]) -> str:
    """The same environment with the versions that are given; no line added or lost."""
    known = {name.lower(): version for name, version in versions.items()}
    known["pytorch-cpu"] = known["torch"]
    return re.sub(
        r"(- ([A-Za-z0-9._-]+)==)\S+",
        lambda pin: pin[1] + known[pin[2].lower()],
        text,
    )


def main() -> None:
    """Write both files."""
    versions = pins([line for line in sys.stdin if line.strip()])
    lines = [f"{name}=={version}\n" for name, version in versions.items()]
    (ROOT / "requirements.lock").write_text(TITLE + "".join(lines))
    path = ROOT / "environment.yml"
    path.write_text(environment(path.read_text(), versions))


if __name__ == "__main__":
    main()
