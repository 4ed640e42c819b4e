"""The flow against automatic differentiation, quadrature and SciPy."""

import math

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

from latent.flows import nice
from latent.train import descend, train

shapes = pytest.mark.parametrize(
    ("d", "couplings", "layers"), [(2, 1, 1), (5, 2, 1), (6, 3, 2), (7, 4, 3)]
)


def random_flow(d, couplings=4, layers=2, hidden=16):
    """A flow far from the identity, its scales included."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(d + 10 * couplings)
        flow = nice.NICE(
            d, n_couplings=couplings, n_hidden=hidden, n_layers=layers
        ).eval()
        for shift in flow.shifts:
            for part in shift:
                if isinstance(part, nn.Linear):
                    nn.init.normal_(part.weight, std=1.0 / part.in_features**0.5)
                    nn.init.normal_(part.bias)
        nn.init.normal_(flow.log_scale)
    return flow


def noise(seed=0):
    return torch.Generator().manual_seed(seed)


def levels(n, d, seed=0):
    """Random grey levels divided by 255."""
    return torch.randint(0, 256, (n, d), generator=noise(seed)) / 255


@shapes
def test_inverse_undoes_the_flow_and_its_volume(d, couplings, layers):
    """Kills a wrong order of couplings or halves, a forgotten scale, a wrong sign."""
    flow, x = random_flow(d, couplings, layers), torch.randn(50, d, generator=noise())
    z, log_volume = flow(x)
    back, log_volume_back = flow.inverse(z)
    assert (z - x).abs().max() > 0.5
    torch.testing.assert_close(back, x, rtol=0, atol=1e-5)
    torch.testing.assert_close(log_volume + log_volume_back, torch.zeros(50))


@shapes
@pytest.mark.parametrize("way", ["forward", "inverse"])
def test_volume_is_that_of_the_jacobian(d, couplings, layers, way):
    """Kills a coupling that reads what it moves, and a volume without the scale."""
    flow = random_flow(d, couplings, layers).double()
    x = torch.randn(4, d, generator=noise(), dtype=torch.float64)
    through = flow if way == "forward" else flow.inverse
    _, found = through(x)
    for row, value in zip(x, found, strict=True):
        jacobian = torch.autograd.functional.jacobian(
            lambda v: through(v[None])[0][0], row
        )
        torch.testing.assert_close(torch.linalg.slogdet(jacobian)[1], value)
        assert not torch.allclose(jacobian, torch.diag(jacobian.diagonal()))


def test_one_coupling_moves_the_odd_pixels_only():
    """Kills halves other than neighbouring pixels, as the chapter draws them."""
    flow = random_flow(7, couplings=1)
    nn.init.zeros_(flow.log_scale)
    x = torch.randn(9, 7, generator=noise())
    moved = (flow(x)[0] != x).all(dim=0)
    assert moved.tolist() == [False, True] * 3 + [False]


def test_density_integrates_to_one():
    """Kills a density without its volume, or of another prior."""
    flow = random_flow(2, couplings=3)
    with torch.no_grad():
        corner = flow.inverse(nice.sample(flow, 20000, generator=noise()))[0]
        reach = 3 * corner.abs().max().item() + 30
        side = torch.linspace(-reach, reach, 2001)
        grid = torch.cartesian_prod(side, side)
        mass = nice.log_prob(flow, grid).double().exp().sum()
    step = (side[1] - side[0]).item()
    assert mass.item() * step**2 == pytest.approx(1, abs=5e-3)


def test_prior_is_scipys_logistic():
    z = torch.tensor([[-800.0, -30.0, -1.0, 0.0, 0.3, 20.0, 900.0]])
    wanted = stats.logistic.logpdf(z.double().numpy())
    np.testing.assert_allclose(nice.log_logistic(z).numpy(), wanted, rtol=1e-6)


def test_samples_come_from_the_prior_of_the_likelihood():
    """Kills samples from a normal prior, scaled to the same variance or not."""
    flow = random_flow(6)
    x = nice.sample(flow, 4000, generator=noise(1))
    with torch.no_grad():
        z = flow(x)[0].double().numpy().ravel()
    assert stats.kstest(z, "logistic").pvalue > 0.01
    assert stats.kstest(z / z.std(), "norm").pvalue < 1e-6


def test_samples_never_hold_an_infinity(monkeypatch):
    """Kills uniform draws in single precision, one in 2^24 of which is 0."""
    smallest = {torch.float32: 0.0, torch.float64: 2.0**-53}

    def rand(*shape, generator=None, dtype=torch.float32):
        return torch.full(shape, smallest[dtype], dtype=dtype)

    flow = random_flow(4)
    monkeypatch.setattr(torch, "rand", rand)
    assert torch.isfinite(nice.sample(flow, 3)).all()


def test_noise_fills_the_interval_of_each_level():
    """Kills noise of another width, around the level, or shared by pixels."""
    x = torch.tensor([[0.0, 17.0, 254.0, 255.0]]).expand(5000, 4) / 255
    y = 256 * nice.dequantized(x, generator=noise()).double() - 255 * x
    assert y.min() > -1e-4
    assert y.max() < 1 + 1e-4
    for column in y.T:
        assert stats.kstest(column.numpy(), "uniform").pvalue > 1e-3
    correlation = np.corrcoef(y.numpy(), rowvar=False) - np.eye(4)
    assert np.abs(correlation).max() < 0.06


def test_bits_of_known_densities():
    """Kills a wrong sign or base: 8 bits where all levels are equally likely.

    A density that is constant on each level's interval costs what the level's
    probability does.
    """
    assert nice.bits_per_dimension(0.0, 784) == pytest.approx(8)
    p = 0.3
    density = p * 256
    assert nice.bits_per_dimension(-5 * math.log(density), 5) == pytest.approx(
        -math.log2(p)
    )


def test_loss_is_minus_the_mean_log_density():
    """Kills a term per pixel, summed over the batch, or with the wrong sign."""
    flow, x = random_flow(6), levels(40, 6)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        terms = nice.negative_log_likelihood(flow, x)
        torch.manual_seed(3)
        wanted = -nice.log_prob(flow, nice.dequantized(x)).mean()
    assert set(terms) == {"base", "volume"}
    torch.testing.assert_close(terms["base"] + terms["volume"], wanted)
    torch.testing.assert_close(terms["volume"], -flow.log_scale.sum())


def test_start_is_independent_logistics_with_the_right_moments():
    """Kills a start with a wrong mean or variance, or infinite at a constant pixel."""
    flow = nice.NICE(5, n_couplings=4, n_hidden=8)
    x = levels(3000, 5)
    x[:, 1], x[:, 2] = 0, (x[:, 2] > 0.9).float()
    nice.start(flow, x)
    y = nice.dequantized(x, generator=noise(2))
    with torch.no_grad():
        z, _ = flow(y)
        found = nice.log_prob(flow, y).double().numpy()
    np.testing.assert_allclose(z.mean(dim=0), 0, atol=0.1)
    np.testing.assert_allclose(z.var(dim=0), math.pi**2 / 3, rtol=0.02)
    exact = (255 * x).round().double() / 256  # the levels' lower ends
    variance = (exact.var(dim=0, correction=0) + 1 / 12 / 256**2).numpy()
    peer = stats.logistic(
        loc=(exact.mean(dim=0) + 0.5 / 256).numpy(),
        scale=np.sqrt(3 * variance) / math.pi,
    )
    wanted = peer.logpdf(y.double().numpy()).sum(axis=1)
    np.testing.assert_allclose(found, wanted, rtol=1e-3)


def test_training_learns_what_pixels_have_in_common():
    """Kills couplings that learn nothing: better than any independent pixels could be.

    The second pixel repeats the first up to one level; each alone has 8 bits.
    """
    generator = noise(5)
    first = torch.randint(0, 255, (4000, 1), generator=generator)
    second = first + torch.randint(0, 2, (4000, 1), generator=generator)
    x = torch.cat([first, second], dim=1) / 255
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        flow = nice.NICE(2, n_couplings=2, n_hidden=8, n_layers=1)
    nice.start(flow, x)
    optimizer = torch.optim.Adam(flow.parameters(), lr=0.02)
    step = descend(nice.negative_log_likelihood, flow, optimizer)
    history = train(step, x, epochs=15, batch_size=100, seed=0, progress=False)
    first, last = (
        nice.bits_per_dimension(epoch["base"] + epoch["volume"], 2)
        for epoch in (history[0], history[-1])
    )
    assert last < first
    assert last < 7  # 8 for independent pixels, (8 + 1) / 2 for the best model


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"n_pixels": 1}, "other half"),
        ({"n_pixels": 0}, "n_pixels must be"),
        ({"n_couplings": 0}, "n_couplings must be"),
        ({"n_hidden": 0}, "n_hidden must be"),
        ({"n_layers": 0}, "n_layers must be"),
    ],
)
def test_sizes_that_make_no_flow(sizes, message):
    with pytest.raises(ValueError, match=message):
        nice.NICE(**{"n_pixels": 4, "n_couplings": 2, "n_hidden": 3} | sizes)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (torch.zeros(2, 5), r"rows of 4 pixels.*\(2, 5\)"),
        (torch.full((2, 4), 255.0), r"from 0 to 1; x\[0, 0\] is 255"),
        (torch.tensor([[0.0, -0.1, 0, 0]]), r"x\[0, 1\] is -0.1"),
        (torch.tensor([[0.0, 0, math.nan, 0]]), r"x\[0, 2\] is nan"),
        (torch.tensor([[0.0, 1, 0.5, 0]]), r"whole grey levels.*x\[0, 2\] is 0.5"),
    ],
)
def test_images_that_are_refused(x, message):
    """0.5 is no level: 127.5 / 255. Noise on top of noise would blur the density."""
    flow = random_flow(4)
    for entry in (nice.check, nice.start):
        with pytest.raises(ValueError, match=message):
            entry(flow, x)


def test_every_level_is_accepted():
    flow = random_flow(2)
    nice.check(flow, torch.arange(256).float().div(255)[:, None].expand(256, 2))


def test_start_and_sample_refuse_what_they_cannot_do():
    with pytest.raises(ValueError, match="single coupling"):
        nice.start(random_flow(4, couplings=1), levels(3, 4))
    with pytest.raises(ValueError, match="n must be"):
        nice.sample(random_flow(4), 0)
