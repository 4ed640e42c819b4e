"""Discrete flows, on sets small enough to look at every point."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from latent.flows import discrete_flow as df
from latent.train import average, descend, train

SIZES = [(1, 5), (2, 2), (2, 7), (3, 4), (4, 3)]


def random_flow(D, K, seed=0):
    torch.manual_seed(seed)
    flow = df.DiscreteFlow(D, K, n_hidden=8).double().eval()
    torch.nn.init.normal_(flow.base)
    for network in flow.shifts:
        torch.nn.init.normal_(network[2].bias, std=3)
    return flow


@pytest.mark.parametrize(("D", "K"), SIZES)
def test_it_is_a_bijection_and_probabilities_sum_to_one(D, K):
    flow = random_flow(D, K)
    points = df.everything(flow)
    assert len(points) == K**D
    images = df.forward(flow, points)
    assert ((images == 0) | (images == 1)).all()
    assert (images.sum(dim=2) == 1).all()
    places = images.argmax(dim=2)
    assert len({tuple(place) for place in places.tolist()}) == K**D
    assert torch.equal(df.inverse(flow, places), points)
    total = df.log_prob(flow, points).exp().sum().item()
    assert total == pytest.approx(1, abs=1e-12)
    assert D == 1 or not torch.equal(places, points)  # so the test sees shifts


@pytest.mark.parametrize(("D", "K"), SIZES)
def test_the_probability_is_that_of_the_image(D, K):
    """By a loop over the points and the coordinates, with Python's remainder."""
    flow = random_flow(D, K, seed=1)
    base = flow.base.softmax(dim=1)
    points = df.everything(flow)
    found = df.log_prob(flow, points).exp()
    for x, p in zip(points, found, strict=True):
        wanted = base[0, x[0]].item()
        for d in range(1, D):
            before = F.one_hot(x[:d], K).double().flatten()
            amount = flow.shifts[d - 1](before).argmax().item()
            wanted *= base[d, (x[d].item() + amount) % K].item()
        assert p.item() == pytest.approx(wanted, rel=1e-12)


def test_the_shift_is_addition_modulo_k():
    for K in (2, 3, 7):
        for x in range(K):
            for m in range(K):
                rows = torch.tensor([[x], [m]])
                hot, amount = F.one_hot(rows, K).double()
                assert df.shift(hot, amount).argmax().item() == (x + m) % K


def test_the_gradient_through_the_maximum_is_the_softmaxs():
    logits = torch.tensor([[0.3, -1.0, 0.9]], dtype=torch.double, requires_grad=True)
    weights = torch.tensor([1.0, 5.0, -2.0], dtype=torch.double)
    value = (df.straight_through(logits) @ weights).sum()
    assert value.item() == -2.0
    (found,) = torch.autograd.grad(value, logits)
    (wanted,) = torch.autograd.grad((logits.softmax(dim=1) @ weights).sum(), logits)
    torch.testing.assert_close(found, wanted)


def test_explored_amounts_are_drawn_from_the_softmax():
    torch.manual_seed(0)
    logits = torch.tensor([[0.5, -0.5, 1.0]])
    drawn = df.explored(logits.repeat(40_000, 1)).argmax(dim=1)
    shares = torch.bincount(drawn, minlength=3) / 40_000
    torch.testing.assert_close(shares, logits.softmax(dim=1)[0], atol=0.01, rtol=0)


def test_samples_have_the_models_probabilities():
    flow = random_flow(2, 3, seed=2)
    drawn = df.sample(flow, 90_000, generator=torch.Generator().manual_seed(0))
    counts = np.zeros((3, 3))
    np.add.at(counts, tuple(drawn.T.numpy()), 1)
    wanted = df.log_prob(flow, df.everything(flow)).exp().detach().reshape(3, 3)
    np.testing.assert_allclose(counts / 90_000, wanted, atol=0.006)


def test_the_base_is_fitted_to_the_images():
    """No other base is better; against the gradient of the smoothed objective."""
    flow = random_flow(2, 4, seed=3)
    x = torch.randint(0, 4, (200, 2), generator=torch.Generator().manual_seed(0))
    df.fit_base(flow, x)
    counts = 1 + df.forward(flow, x).sum(dim=0)
    objective = (counts * flow.base.log_softmax(dim=1)).sum()
    (gradient,) = torch.autograd.grad(objective, flow.base)
    assert gradient.abs().max() < 1e-10
    assert df.log_prob(flow, df.everything(flow)).exp().sum().item() == pytest.approx(1)


def test_training_reaches_the_entropy_where_independence_cannot():
    """x2 = 3 x1 + 1 mod 5, wrong one time in ten; best of three starts."""
    generator = torch.Generator().manual_seed(0)
    first = torch.randint(0, 5, (8000,), generator=generator)
    wrong = torch.rand(8000, generator=generator) < 0.1
    x = torch.stack([first, (3 * first + 1 + wrong) % 5], dim=1)
    entropy = np.log(5) - 0.9 * np.log(0.9) - 0.1 * np.log(0.1)
    found = []
    for seed in range(3):
        torch.manual_seed(seed)
        flow = df.DiscreteFlow(2, 5)
        groups = [
            {"params": flow.shifts.parameters()},
            {"params": [flow.base], "lr": 1e-3},
        ]
        optimizer = torch.optim.Adam(groups, lr=1e-2, fused=True)
        step = descend(df.negative_log_likelihood, flow, optimizer)
        train(step, x, epochs=8, batch_size=100, seed=seed, progress=False)
        df.fit_base(flow.eval(), x)
        found.append(average(df.negative_log_likelihood, flow, x)["nats"])
    assert min(found) < entropy + 0.05
    assert entropy + 0.5 < 2 * np.log(5)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([[0, 1, 2]], r"shape \(N, 2\); got \(1, 3\)"),
        ([[0, 3]], r"0 to 2; x\[0, 1\] is 3"),
        ([[0, 1], [-1, 0]], r"x\[1, 0\] is -1"),
    ],
)
def test_bad_rows_are_refused(x, message):
    flow = random_flow(2, 3)
    for function in (df.log_prob, df.fit_base):
        with pytest.raises(ValueError, match=message):
            function(flow, torch.tensor(x))


@pytest.mark.parametrize("sizes", [(0, 3), (2, 0), (2, 2.5)])
def test_bad_sizes_are_refused(sizes):
    with pytest.raises(Exception, match=r"whole number|beartype|type"):
        df.DiscreteFlow(*sizes)
