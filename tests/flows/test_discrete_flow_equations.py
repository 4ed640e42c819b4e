"""The library computes what the chapter's equations print that it cites."""

from typing import Any

import numpy as np
import pytest
import torch
from mpmath import mp

from claims.book import open_book
from claims.domains import Index, OneHot, Real, Simplex, Size
from claims.fields import DIGITS, REAL
from claims.problem import Problem
from latent.flows import discrete_flow as df

seeds = pytest.mark.parametrize("seed", range(5))


def instance(label: str, given: dict[str, Any], seed: int) -> tuple[Any, Any]:
    """A display's problem and a random instance of it."""
    book = open_book()
    problem = Problem(label, book.equation(label, given), given, book, REAL)
    return problem, problem.draw(seed)


def value(problem: Problem, e: Any, **free: int) -> float:
    with mp.workdps(DIGITS):
        return float(problem.at(problem.sides[-1], e, free))


@seeds
def test_convolution(seed):
    given = {
        "K": Size(3, 5),
        "k": Index("K", start=0),
        "u": OneHot("0:K"),
        "v": OneHot("0:K"),
    }
    problem, e = instance("dflow-convolution", given, seed)
    rows = [torch.from_numpy(e.floats(name))[None] for name in ("u", "v")]
    found = df.shift(*rows)[0].tolist()
    assert found == [value(problem, e, k=k) for k in range(e.K)]


@seeds
def test_softmax(seed):
    given = {"K": Size(), "k": Index("K"), "j": Index("K"), "a": Real("K")}
    problem, e = instance("dflow-softmax", given, seed)
    logits = torch.from_numpy(e.floats("a"))[None].requires_grad_()
    wanted = [value(problem, e, k=k + 1) for k in range(e.K)]
    for k, g in enumerate(wanted):
        out = df.straight_through(logits)[0, k]
        (slope,) = torch.autograd.grad(out, logits)
        assert out.item() == (g == max(wanted))
        assert slope[0, k].item() == pytest.approx(g * (1 - g), rel=1e-9)


@seeds
def test_log_prob(seed):
    given = {
        "D": Size(),
        "K": Size(),
        "d": Index("D"),
        "k": Index("K"),
        "y": OneHot("D", "K"),
        "theta": Simplex("D", "K"),
    }
    problem, e = instance("dflow-log-prob", given, seed)
    torch.manual_seed(seed)
    flow = df.DiscreteFlow(e.D, e.K).double().eval()
    flow.base.data = torch.log(torch.from_numpy(e.floats("theta")))
    y = torch.from_numpy(e.floats("y")).argmax(dim=1)[None]
    found = df.log_prob(flow, df.inverse(flow, y))
    assert found.item() == pytest.approx(value(problem, e), rel=1e-10)


@seeds
def test_base(seed):
    """On both coordinates of a flow, whose images are the same numbers."""
    given = {
        "N": Size(),
        "K": Size(),
        "n": Index("N"),
        "k": Index("K"),
        "y": OneHot("N", "K"),
    }
    problem, e = instance("dflow-base", given, seed)
    flow = df.DiscreteFlow(2, e.K).double().eval()
    y = torch.from_numpy(e.floats("y")).argmax(dim=1)[:, None].repeat(1, 2)
    df.fit_base(flow, df.inverse(flow, y))
    wanted = [value(problem, e, k=k + 1) for k in range(e.K)]
    found = flow.base.softmax(dim=1).detach()
    np.testing.assert_allclose(found, [wanted, wanted], rtol=1e-10)
