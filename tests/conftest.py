"""One thread per process, and the library's jaxtyping shapes enforced in every test."""

import os
import sys
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
ROOT = Path(__file__).parents[1]
os.environ["PYTHONPATH"] = str(ROOT / "src")  # for the kernels that nbval starts
sys.path.insert(0, str(ROOT / "tools"))

from jaxtyping import install_import_hook  # noqa: E402

# The tower lets an int stand where a float is asked for, as Python's typing does.
install_import_hook(
    "latent", "beartype.beartype(conf=beartype.BeartypeConf(is_pep484_tower=True))"
)

import numpy as np  # noqa: E402
import pytest  # noqa: E402


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator of the test's own, the same on every run."""
    return np.random.default_rng(0)


@pytest.fixture
def blobs() -> np.ndarray:
    """Three clouds in the plane of different sizes and spreads, (500, 2)."""
    rng = np.random.default_rng(7)
    clouds = [
        rng.normal(-3, 1, (200, 2)),
        rng.normal(3, 2, (200, 2)),
        rng.normal([8, -6], 0.5, (100, 2)),
    ]
    return np.asfortranarray(np.vstack(clouds))


@pytest.fixture
def bits() -> np.ndarray:
    """Three patterns of seven pixels, each flipped now and then, (300, 7).

    The sixth pixel is 1 in every row and the seventh never; the third is certain in
    part of the patterns.
    """
    rng = np.random.default_rng(11)
    shares = np.array(
        [
            [0.9, 0.8, 0.0, 0.2, 0.1, 1.0, 0.0],
            [0.1, 0.7, 1.0, 0.9, 0.2, 1.0, 0.0],
            [0.2, 0.1, 0.5, 0.3, 0.9, 1.0, 0.0],
        ]
    )
    kind = np.repeat([0, 1, 2], [150, 100, 50])
    return np.asfortranarray(rng.random((300, 7)) < shares[kind], dtype=float)
