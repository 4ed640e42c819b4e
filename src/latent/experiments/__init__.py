"""The trainings at full length, with their results.

`python -m latent.experiments` lists them, runs or resumes one, or repeats its first
steps against what was recorded. The chapters load the weights that they show with
`load` and `load_snapshot`, and the numbers with `history` and `manifest`.
"""

from latent.experiments.saved import history, load, load_snapshot, manifest

__all__ = ["history", "load", "load_snapshot", "manifest"]
