"""Restricted Boltzmann machines: properties, and comparisons with brute force."""

import itertools

import numpy as np
import pytest
import torch
from torch import Tensor

from latent.deep import rbm
from latent.mixtures import gaussian_mixture as gmm
from latent.train import train


def machine(n_visible: int = 2, n_hidden: int = 3, seed: int = 0) -> rbm.RBM:
    """A random machine in double precision, each pixel with noise of its own."""
    rng = np.random.default_rng(seed)
    new = rbm.RBM(n_visible, n_hidden).double().requires_grad_(False)
    new.weights.copy_(torch.tensor(rng.normal(size=(n_visible, n_hidden))))
    new.visible_bias.copy_(torch.tensor(rng.normal(size=n_visible)))
    new.hidden_bias.copy_(torch.tensor(rng.normal(size=n_hidden)))
    new.sigma.copy_(torch.tensor(rng.uniform(0.5, 2, size=n_visible)))
    return new


def states(n_hidden: int) -> Tensor:
    return torch.tensor(
        list(itertools.product((0.0, 1.0), repeat=n_hidden)), dtype=torch.float64
    )


def weights_of_states(model: rbm.RBM, v: Tensor) -> Tensor:
    """exp(-E) of one image with every state."""
    h = states(model.weights.shape[1])
    return torch.exp(-rbm.energy(model, v.expand(len(h), -1), h))


def test_partition_function_by_quadrature() -> None:
    """Kills a missing sigma or root of 2 pi, a half, a wrong coupling."""
    side = torch.arange(-20, 20, 0.25, dtype=torch.float64)
    plane = torch.cartesian_prod(side, side)
    for seed in range(3):
        model = machine(seed=seed)
        energies = [
            rbm.energy(model, plane, h.expand(len(plane), -1)) for h in states(3)
        ]
        wanted = torch.exp(-torch.stack(energies)).sum() * 0.25**2
        torch.testing.assert_close(rbm.log_partition(model), torch.log(wanted))


def test_density_is_that_of_a_mixture_of_all_states() -> None:
    """The Gaussian mixture's module is independent code."""
    model = machine(4, 5)
    h = states(5)
    shares = torch.softmax(rbm.log_weights(model, h), dim=0).numpy()
    means = rbm.visible_mean(model, h).numpy()
    variances = np.tile(model.sigma.numpy() ** 2, (len(h), 1))
    mixture = gmm.GaussianMixture(shares, means, variances)
    x = 3 * np.random.default_rng(1).normal(size=(50, 4))
    found = rbm.log_prob(model, torch.tensor(x)).numpy()
    np.testing.assert_allclose(found, gmm.log_prob(mixture, x), rtol=1e-10)


def test_hidden_units_given_the_image_by_listing_states() -> None:
    model = machine(4, 3)
    v = torch.randn(5, 4, generator=torch.Generator().manual_seed(0)).double()
    found = rbm.hidden_probability(model, v)
    for row, wanted in zip(v, found, strict=True):
        share = weights_of_states(model, row)
        torch.testing.assert_close(share @ states(3) / share.sum(), wanted)
        total = -torch.log(share.sum())
        torch.testing.assert_close(rbm.free_energy(model, row[None])[0], total)


def test_log_density_far_from_the_data_stays_finite() -> None:
    """The logarithm of 1 + exp(a) must not overflow. Kills log1p(exp(a))."""
    v = torch.full((1, 2), 1e4)
    model = machine().float()
    assert torch.isfinite(rbm.log_prob(model, v)).all()


def test_states_are_all_there_once() -> None:
    found = {tuple(row) for row in rbm.hidden_states(4).tolist()}
    assert found == {tuple(row) for row in states(4).tolist()}
    assert len(rbm.hidden_states(4)) == 16


def test_gibbs_keeps_the_model_distribution() -> None:
    """From exact draws, moments after steps are those before; kills a missing sigma."""
    torch.manual_seed(0)
    model, n = machine(seed=2), 100_000
    h = states(3)
    share = torch.softmax(rbm.log_weights(model, h), dim=0)
    start = rbm.sample_visible(model, h[torch.multinomial(share, n, replacement=True)])
    after = rbm.gibbs(model, start, 3)
    means = rbm.visible_mean(model, h)
    mean = share @ means
    spread = (means - mean).T @ torch.diag(share) @ (means - mean)
    spread += torch.diag(model.sigma**2)
    for draws in (start, after):
        torch.testing.assert_close(draws.mean(0), mean, atol=0.05, rtol=0)
        torch.testing.assert_close(torch.cov(draws.T), spread, atol=0.1, rtol=0.02)


def test_hidden_units_are_drawn_not_averaged() -> None:
    """Zeros and ones, as often as they are probable. Kills the probabilities alone."""
    torch.manual_seed(0)
    model, v = machine(seed=6), torch.full((100_000, 2), 0.3).double()
    drawn = rbm.sample_hidden(model, v)
    assert set(drawn.unique().tolist()) == {0.0, 1.0}
    wanted = rbm.hidden_probability(model, v[:1])[0]
    torch.testing.assert_close(drawn.mean(dim=0), wanted, atol=0.01, rtol=0)


def test_gibbs_takes_as_many_steps_as_it_is_told() -> None:
    """Two at once are one after another, with the same random numbers."""
    model, v = machine(seed=6), torch.ones(5, 2).double()
    torch.manual_seed(0)
    one_by_one = rbm.gibbs(model, rbm.gibbs(model, v, 1), 1)
    torch.manual_seed(0)
    torch.testing.assert_close(rbm.gibbs(model, v, 2), one_by_one)


def test_contrast_with_draws_from_the_model_estimates_the_gradient() -> None:
    """Kills a wrong sign and a sum in the place of a mean."""
    torch.manual_seed(0)
    model = machine(seed=3)
    v = torch.randn(7, 2).double()
    h = states(3)
    share = torch.softmax(rbm.log_weights(model, h), dim=0)
    picks = h[torch.multinomial(share, 200_000, replacement=True)]
    found = rbm.contrast(model, v, rbm.sample_visible(model, picks))
    model.requires_grad_(True)
    rbm.log_prob(model, v).mean().backward()
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(found[name], parameter.grad, atol=0.03, rtol=0)


def test_step_moves_parameters_along_the_contrast() -> None:
    """By the learning rate times the contrast with the same draws; sigma stays."""
    model = machine(seed=4)
    before = {name: p.clone() for name, p in model.state_dict().items()}
    v = torch.randn(9, 2).double()
    torch.manual_seed(5)
    wanted = rbm.contrast(model, v, rbm.gibbs(model, v, 2))
    step = rbm.contrastive_divergence(
        model, torch.optim.SGD(model.parameters(), 0.1), n_steps=2
    )
    torch.manual_seed(5)
    terms = step(v)
    for name, p in model.named_parameters():
        torch.testing.assert_close(p, before[name] + 0.1 * wanted[name])
    torch.testing.assert_close(model.sigma, before["sigma"])
    old = rbm.RBM(2, 3).double()
    old.load_state_dict(before)
    error = rbm.reconstruction_error(old, v).detach()
    torch.testing.assert_close(terms["reconstruction error"], error)


def test_training_raises_the_likelihood_of_clusters(blobs: np.ndarray) -> None:
    """Data of two clusters: two nats a point at least. Kills a step downhill."""
    x = torch.tensor(blobs[:400], dtype=torch.float32)
    torch.manual_seed(0)
    model = rbm.RBM(2, 3)
    with torch.no_grad():
        start = rbm.log_prob(model, x).mean().item()
    step = rbm.contrastive_divergence(
        model, torch.optim.SGD(model.parameters(), 0.02), n_steps=5
    )
    train(step, x, epochs=30, seed=0, batch_size=50, progress=False)
    with torch.no_grad():
        assert rbm.log_prob(model, x).mean().item() > start + 2


def test_units_give_mean_zero_and_mean_variance_one() -> None:
    x = torch.rand(500, 6) * torch.arange(1, 7) / 6
    units = rbm.Units(6)
    units.measure(x)
    v = units(x)
    torch.testing.assert_close(v.mean(0), torch.zeros(6), atol=1e-5, rtol=0)
    assert v.square().mean().item() == pytest.approx(1, rel=1e-5)
    assert v.var(0).min() < 0.5  # one number for all pixels, not one for each


def test_units_of_data_describe_the_same_model() -> None:
    """Reconstructions agree; the log-density differs by D log tau."""
    x = torch.rand(50, 2).double() ** 2
    units = rbm.Units(2).double()
    units.measure(x)
    model = machine()
    grey = rbm.in_units_of_data(model, units)
    wanted = units.mean + units.deviation * rbm.reconstruct(model, units(x))
    torch.testing.assert_close(rbm.reconstruct(grey, x), wanted)
    shift = 2 * torch.log(units.deviation)
    found = rbm.log_prob(grey, x)
    torch.testing.assert_close(found, rbm.log_prob(model, units(x)) - shift)


@pytest.mark.parametrize("sizes", [(0, 3), (3, 0), (3, 2.5)])
def test_sizes_are_whole_numbers(sizes: tuple) -> None:
    with pytest.raises((ValueError, TypeError), match=r"whole number|n_hidden"):
        rbm.RBM(*sizes)


@pytest.mark.parametrize(
    ("v", "message"),
    [
        (torch.zeros(4, 5), r"shape \(N, 2\).*got \(4, 5\)"),
        (torch.tensor([[0.0, float("nan")]]), "finite"),
    ],
)
@pytest.mark.parametrize(
    "entry",
    [
        rbm.reconstruct,
        rbm.log_prob,
        rbm.reconstruction_error,
        lambda m, v: rbm.gibbs(m, v, 1),
    ],
)
def test_data_of_the_wrong_kind(v: Tensor, message: str, entry: object) -> None:
    assert callable(entry)
    with pytest.raises(ValueError, match=message):
        entry(machine().float(), v)


def test_one_image_alone_is_refused() -> None:
    """Asked of the check itself: here type hints refuse it at the entries before."""
    with pytest.raises(ValueError, match=r"shape \(N, 2\).*got \(2,\)"):
        rbm.width(torch.zeros(2), 2)


def test_steps_and_states_have_bounds() -> None:
    model = machine()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with pytest.raises(ValueError, match="n_steps must be a whole number"):
        rbm.contrastive_divergence(model, optimizer, n_steps=0)
    with pytest.raises(ValueError, match="n_steps must be a whole number"):
        rbm.gibbs(model, torch.zeros(1, 2).double(), 0)
    with pytest.raises(ValueError, match=r"2\^21 states.*at most 20"):
        rbm.log_partition(rbm.RBM(2, 21))


def test_units_want_grey_levels_that_vary() -> None:
    units = rbm.Units(2)
    with pytest.raises(ValueError, match=r"x\[0, 1\] is 200: divide"):
        units.measure(torch.tensor([[0.0, 200.0]]))
    with pytest.raises(ValueError, match="rows of 2 pixels"):
        units(torch.zeros(3, 4))
    with pytest.raises(ValueError, match="no spread"):
        units.measure(torch.full((3, 2), 0.5))
