"""The sparse autoencoder against searches, scikit-learn and planted atoms."""

from functools import partial

import numpy as np
import pytest
import torch
from sklearn.linear_model import Lasso, Ridge

from latent import data, experiments, pixels
from latent.deep import sparse_autoencoder as sae
from latent.train import descend, train


@pytest.fixture(autouse=True)
def seed():
    """The same weights and noise on every run; the generator is put back after."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


@pytest.fixture
def atoms():
    """Twelve unit vectors of twenty pixels, in double precision."""
    return torch.nn.functional.normalize(torch.randn(20, 12).double(), dim=0)


def cost(h, x, dictionary, penalty):
    """Half the squared error and the penalty, of each code."""
    error = 0.5 * (x - h @ dictionary.T).square().sum(dim=1)
    return error + penalty * h.abs().sum(dim=1)


# -- Thresholds --------------------------------------------------------------------


@pytest.mark.parametrize("threshold", [0.0, 0.3, 1.7])
def test_no_number_is_cheaper_than_the_soft_threshold(threshold):
    """Kills a hard threshold, a wrong sign, twice or half the threshold."""
    v = torch.linspace(-4, 4, 81).double()
    others = torch.linspace(-5, 5, 10_001).double()
    found = sae.soft_threshold(v, threshold)

    def price(u):
        return 0.5 * (u - v[:, None]) ** 2 + threshold * u.abs()

    best = price(others[None]).min(dim=1).values
    assert (price(found[:, None])[:, 0] <= best + 1e-12).all()
    assert (found[v.abs() <= threshold] == 0).all()


def test_ista_finds_the_codes_of_scikit_learn(atoms):
    """Kills a wrong gradient, a step or a threshold not divided by L."""
    x, penalty = torch.randn(5, 20).double(), 0.2
    h, L = torch.zeros(5, 12).double(), sae.curvature(atoms)
    for _ in range(3000):
        h = sae.ista_step(h, x, atoms, penalty=penalty, L=L)
    peer = Lasso(alpha=penalty / 20, fit_intercept=False, positive=True, tol=1e-12)
    wanted = [peer.fit(atoms.numpy(), row).coef_.copy() for row in x.numpy()]
    np.testing.assert_allclose(h, wanted, atol=1e-8)
    assert (h == 0).any()
    assert (h > 0).any()


def test_ista_never_raises_the_cost_and_needs_its_curvature(atoms):
    """Kills a curvature of A instead of A'A, or of less than the largest direction."""
    stretched = atoms * torch.linspace(1, 3, 12).double()
    x = torch.randn(8, 20).double()

    def costs(L):
        h, found = torch.rand(8, 12).double(), []
        for _ in range(60):
            found.append(cost(h, x, stretched, 0.1))
            h = sae.ista_step(h, x, stretched, penalty=0.1, L=L)
        return torch.stack(found).diff(dim=0)

    L = sae.curvature(stretched)
    assert (costs(L) <= 1e-12).all()
    assert (costs(L / 3) > 0).any()
    gram = (stretched.T @ stretched).numpy()
    np.testing.assert_allclose(L, np.linalg.eigvalsh(gram)[-1], rtol=1e-12)


# -- The network -------------------------------------------------------------------


def test_untrained_network_is_one_step_from_the_empty_code():
    """Kills a start without the transpose, without 1 / L, or with a bias."""
    model = sae.SparseAutoencoder(30, 45)
    x = torch.rand(4, 30)
    with torch.no_grad():
        A = model.dictionary
        L = sae.curvature(A)
        wanted = sae.ista_step(torch.zeros(4, 45), x, A, penalty=0.0, L=L)
        torch.testing.assert_close(model.encode(x), wanted)
        torch.testing.assert_close(model(x), wanted @ A.T)
    assert (wanted == 0).any()


def test_atoms_have_length_one_during_training():
    """Kills rows made unit instead of columns, and lengths fixed at the start only."""
    model = sae.SparseAutoencoder(30, 45)
    adam = torch.optim.Adam(model.parameters(), 0.1)
    step = descend(partial(sae.denoising_loss, noise=0.1, penalty=0.1), model, adam)
    for _ in range(5):
        step(torch.rand(8, 30))
    with torch.no_grad():
        assert (model.directions.norm(dim=0) - 1).abs().max() > 0.01
        torch.testing.assert_close(model.dictionary.norm(dim=0), torch.ones(45))
        h = model.encode(torch.rand(8, 30))
    assert (h >= 0).all()


def test_loss_compares_with_the_clean_picture():
    """An encoder that is off gives half the squared length of the clean pictures.

    Kills the noisy picture as target, a mean over pixels, and a forgotten half.
    """
    model, x = sae.SparseAutoencoder(30, 45), torch.rand(16, 30)
    with torch.no_grad():
        model.encoder.bias.fill_(-1e3)
    terms = sae.denoising_loss(model, x, noise=2.0, penalty=0.5)
    torch.testing.assert_close(terms["error"], 0.5 * x.square().sum(dim=1).mean())
    assert terms["sparsity"] == 0


def test_loss_charges_the_penalty_for_each_unit_of_code():
    """Kills a mean over atoms, and a penalty not multiplied in."""
    model, x = sae.SparseAutoencoder(30, 45), torch.rand(16, 30)
    with torch.no_grad():
        model.encoder.weight.zero_()
        model.encoder.bias.fill_(0.2)
    terms = sae.denoising_loss(model, x, noise=0.1, penalty=0.5)
    torch.testing.assert_close(terms["sparsity"], torch.tensor(0.5 * 45 * 0.2))


def test_training_finds_planted_atoms():
    """Pictures are sums of bars; each bar becomes an atom.

    Kills a penalty of the wrong sign or on nothing: then atoms are mixtures.
    """
    bars = torch.zeros(8, 4, 4)
    for i in range(4):
        bars[i, i], bars[4 + i, :, i] = 1, 1
    chosen = torch.stack([torch.randperm(8)[:2] for _ in range(2000)])
    x = 0.5 * bars.flatten(1)[chosen].sum(dim=1)
    model = sae.SparseAutoencoder(16, 24)
    adam = torch.optim.Adam(model.parameters(), 0.01)
    loss = partial(sae.denoising_loss, noise=0.1, penalty=0.1)
    train(descend(loss, model, adam), x, epochs=30, seed=0, progress=False)
    with torch.no_grad():
        alike = (bars.flatten(1) / 2) @ model.dictionary
        used = model.encode(x).sum(dim=0) > 1
    assert (alike[:, used].max(dim=1).values > 0.97).all()


# -- Noise -------------------------------------------------------------------------


def test_noise_is_a_standard_deviation():
    """Kills noise as a variance (0.5 would become 0.71) and a mean that moves."""
    x = torch.full((200, 784), 0.3)
    added = sae.add_noise(x, 0.5) - x
    assert abs(added.std().item() - 0.5) < 0.005
    assert abs(added.mean().item()) < 0.005
    assert torch.equal(sae.add_noise(x, 0.0), x)


def test_noise_comes_from_the_generator_given():
    x = torch.rand(3, 5)
    a, b = (sae.add_noise(x, 1.0, torch.Generator().manual_seed(s)) for s in (1, 1))
    assert torch.equal(a, b)
    assert not torch.equal(a, sae.add_noise(x, 1.0))


# -- The linear denoiser -----------------------------------------------------------


@pytest.fixture
def cloud(rng):
    """Draws with variances far apart, about a mean far from zero."""
    turn = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    return rng.normal(size=(400, 6)) * 2.0 ** -np.arange(6) @ turn + 5


def test_linear_denoiser_is_a_ridge_regression(cloud):
    """Of the clean data on themselves; kills sigma for its square, a lost mean."""
    noise = 0.3
    params = sae.fit_linear(cloud, noise=noise)
    peer = Ridge(alpha=len(cloud) * noise**2).fit(cloud, cloud)
    np.testing.assert_allclose(params.matrix, peer.coef_, atol=1e-10)
    noisy = cloud + 0.3
    found = sae.denoise_linear(params, noisy)
    np.testing.assert_allclose(found, peer.predict(noisy), atol=1e-10)


def test_linear_denoiser_of_little_and_much_noise(cloud):
    """Keeps everything, or nothing but the mean."""
    for noise, wanted in ((1e-6, cloud), (1e6, np.tile(cloud.mean(axis=0), (400, 1)))):
        found = sae.denoise_linear(sae.fit_linear(cloud, noise=noise), cloud)
        np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_decibels():
    """Kills the natural logarithm, and 20 for 10."""
    for error, wanted in ((1.0, 0.0), (0.1, 10.0), (0.001, 30.0)):
        assert abs(sae.peak_signal_to_noise(error) - wanted) < 1e-12


def test_strongest_atoms_by_magnitude():
    h = torch.tensor([[0.0, -3.0, 2.0, 2.0], [1.0, 0.5, 0.0, 4.0]])
    assert sae.strongest(h, 3).tolist() == [[1, 2, 3], [3, 0, 1]]


def test_the_kept_network_beats_the_best_linear_map():
    """The chapter's promise, on a part of the test digits."""
    digits = data.mnist()
    x, test_x = map(pixels.scaled, (digits.train_images, digits.test_images[:1000]))
    noise = experiments.manifest("sparse-autoencoder")["settings"]["noise"]
    model = experiments.load("sparse-autoencoder")["autoencoder"]
    noisy = sae.add_noise(test_x, noise)
    params = sae.fit_linear(x[:20_000], noise=noise)
    linear = sae.denoise_linear(params, noisy) - test_x.numpy()
    with torch.no_grad():
        error = (model(noisy) - test_x).square().mean()
    assert error < 0.85 * np.mean(linear**2)


# -- Bad input ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m, x: m.encode(x[:, 1:]), r"shape \(N, 30\).*got \(4, 29\)"),
        (lambda m, x: m.encode(x[0]), r"shape \(N, 30\).*got \(30,\)"),
        (lambda m, x: sae.add_noise(2 * x, 0.1), "from 0 to 1"),
        (lambda m, x: sae.add_noise(x - 1, 0.1), "from 0 to 1"),
        (lambda m, x: sae.add_noise(x, -0.1), "noise must be 0 or more"),
        (lambda m, x: sae.add_noise(x, float("nan")), "noise must be 0 or more"),
        (
            lambda m, x: sae.denoising_loss(m, 255 * x, noise=0.1, penalty=0.1),
            "divide grey levels by 255",
        ),
        (
            lambda m, x: sae.denoising_loss(m, x[:, 1:], noise=0.1, penalty=0.1),
            "got \\(4, 29\\)",
        ),
        (lambda m, x: sae.strongest(x, 31), "only 30 atoms"),
        (lambda m, x: sae.fit_linear(x, noise=0.0), "noise must be more than 0"),
        (lambda m, x: sae.fit_linear(x[0], noise=0.1), "one observation a row"),
        (
            lambda m, x: sae.denoise_linear(sae.fit_linear(x, noise=0.1), x[:, 1:]),
            "29 features a row; the model has 30",
        ),
        (lambda m, x: sae.SparseAutoencoder(0, 5), "n_pixels must be a whole number"),
        (lambda m, x: sae.SparseAutoencoder(5, -1), "n_atoms must be a whole number"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(sae.SparseAutoencoder(30, 45), torch.rand(4, 30))
