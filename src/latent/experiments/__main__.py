"""Command line: list the experiments, run or resume them, or check their first steps.

python -m latent.experiments                 the list, with states and sizes
python -m latent.experiments NAME ...        run these, or resume them
python -m latent.experiments --check NAME .. repeat their first steps
python -m latent.experiments --all           run whatever is not done
"""

import argparse
import sys
from collections.abc import Iterator

from latent.experiments.catalogue import EXPERIMENTS
from latent.experiments.runner import check, run, state
from latent.experiments.saved import RESULTS, find, manifest


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; 1 where something was wrong."""
    parser = argparse.ArgumentParser(
        prog="python -m latent.experiments",
        description="List the experiments, run or resume them, or repeat their first "
        "steps. Without arguments: the list.",
    )
    parser.add_argument("name", nargs="*", help="run it, or resume it")
    parser.add_argument("--check", action="store_true", help="repeat its first steps")
    parser.add_argument("--all", action="store_true", help="all that are not done")
    options = parser.parse_args(arguments)
    names = options.name
    if options.all:
        names = [name for name in EXPERIMENTS if options.check or state(name) != "done"]
    if not options.name and not options.all:
        print("\n".join(listing()))
        return 0
    failed = 0
    for name in names:
        try:
            print(checked(name) if options.check else ran(name), flush=True)
        except (ValueError, ArithmeticError, OSError) as error:
            print(f"{name}: {error}", file=sys.stderr)
            failed = 1
    return failed


def listing() -> Iterator[str]:
    """One line an experiment: state, size of its results, duration, what it is."""
    wide = max(len(name) for name in EXPERIMENTS)
    yield f"{'experiment':{wide}}  {'state':11}  {'MB':>5}  {'minutes':>7}  about"
    for name, experiment in EXPERIMENTS.items():
        now = state(name)
        files = (RESULTS / name).glob("*")
        size = f"{sum(file.stat().st_size for file in files) / 1e6:.2f}"
        minutes = f"{manifest(name)['seconds'] / 60:.1f}" if now == "done" else ""
        yield f"{name:{wide}}  {now:11}  {size:>5}  {minutes:>7}  {experiment.about}"


def ran(name: str) -> str:
    """Run an experiment that is not done; what came of it, in one line."""
    if state(name) == "done":
        return f"{name}: done already; remove {RESULTS / name} to run it again"
    find(name)
    doing = "resuming" if state(name) == "interrupted" else "running"
    print(f"{name}: {doing}", flush=True)
    found = run(name)
    figures = ", ".join(f"{key} {value:.4g}" for key, value in found["figures"].items())
    return f"{name}: done in {found['seconds'] / 60:.1f} minutes: {figures}"


def checked(name: str) -> str:
    """Repeat an experiment's first steps; how well they agree, in one line."""
    return f"{name}: its first steps repeat to {check(name):.1e}"


if __name__ == "__main__":
    sys.exit(main())
