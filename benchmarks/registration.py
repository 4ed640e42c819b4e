"""Registration against pycpd, and against every array of pairs stored."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np
from pycpd import RigidRegistration

from benchmarks.compare import Comparison
from latent.em import em
from latent.mixtures import registration

OUTLIERS = 0.1


def comparisons() -> Iterator[Comparison]:
    """The rows of this part of the table."""
    for n, steps, rounds in ((500, 20, 7), (2000, 10, 5), (5000, 3, 3)):
        x, reference = spirals(n)
        yield similarity_row(x, reference, steps, rounds)
        yield translation_row(x, reference, steps, rounds)


def spirals(n: int) -> tuple[np.ndarray, np.ndarray]:
    """A spiral of n points, and a turned and shifted one in another order."""
    rng = np.random.default_rng(0)
    t = np.sort(rng.uniform(0, 4 * np.pi, n))
    x = np.column_stack([t * np.cos(t), t * np.sin(t)]) / 10
    turn = np.array([[np.cos(0.5), -np.sin(0.5)], [np.sin(0.5), np.cos(0.5)]])
    moved = x @ turn.T + [0.3, -0.2] + rng.normal(0, 0.03, x.shape)
    return x, rng.permutation(moved)


def pair_variance(x: np.ndarray, reference: np.ndarray) -> float:
    """The mean squared distance of all pairs, by direction: where pycpd starts."""
    spread = x.var(axis=0).sum() + reference.var(axis=0).sum()
    apart = x.mean(axis=0) - reference.mean(axis=0)
    return float(spread + apart @ apart) / x.shape[1]


def ours(
    x: np.ndarray, reference: np.ndarray, steps: int, **fitted: bool
) -> Callable[[], list[np.ndarray]]:
    """EM from the unmoved reference; the peer spreads outliers over a volume of N."""
    columns = np.asfortranarray(x)

    def run() -> list[np.ndarray]:
        start = replace(
            registration.init(columns, reference, outliers=OUTLIERS),
            translation=np.zeros(x.shape[1]),
            variance=pair_variance(x, reference),
            volume=float(len(x)),
        )
        step = partial(registration.m_step, **fitted)
        fit = em(registration.e_step, step, start, columns, max_iter=steps, tol=-1.0)
        found = fit.params
        return [registration.centres(found), np.array(found.variance)]

    return run


def similarity_row(
    x: np.ndarray, reference: np.ndarray, steps: int, rounds: int
) -> Comparison:
    """Rotation, scale and translation. The peer ignores a wish for no scale."""

    def theirs() -> list[np.ndarray]:
        peer = RigidRegistration(
            X=x, Y=reference, w=OUTLIERS, max_iterations=steps, tolerance=0
        )
        centres, _ = peer.register()
        return [centres, np.array(peer.sigma2)]

    return Comparison(
        work=f"registration with scale, N = {len(x)}, {steps} steps",
        peer="pycpd",
        theirs=theirs,
        ours=ours(x, reference, steps),
        goal=5.0,
        rounds=rounds,
    )


def translation_row(
    x: np.ndarray, reference: np.ndarray, steps: int, rounds: int
) -> Comparison:
    """Translation only; the peer is the textbook's EM with arrays of all pairs."""
    N, D = x.shape
    M = len(reference)

    def theirs() -> list[np.ndarray]:
        shift, variance = np.zeros(D), pair_variance(x, reference)
        for _ in range(steps):
            gaps = ((x[:, None] - (reference + shift)) ** 2).sum(axis=2)
            p = np.exp(-gaps / (2 * variance))
            level = (2 * np.pi * variance) ** (D / 2) * M / N
            p /= p.sum(axis=1, keepdims=True) + level * OUTLIERS / (1 - OUTLIERS)
            total = p.sum()
            shift = (p.sum(axis=1) @ x - p.sum(axis=0) @ reference) / total
            gaps = ((x[:, None] - (reference + shift)) ** 2).sum(axis=2)
            variance = (p * gaps).sum() / (D * total)
        return [reference + shift, np.array(variance)]

    return Comparison(
        work=f"registration by translation, N = {N}, {steps} steps",
        peer="NumPy pairs",
        theirs=theirs,
        ours=ours(x, reference, steps, rotate=False, rescale=False),
        goal=9.0,
        rounds=rounds,
    )
