"""The autoencoder against torch.distributions, integrals on a grid, and bad input."""

import numpy as np
import pytest
import sympy as sp
import torch
from torch import nn
from torch.distributions import Bernoulli, Normal, kl_divergence

from latent import experiments
from latent.deep import vae as vaes
from latent.deep.vae import VAE, negative_elbo
from latent.experiments import vae as experiment
from latent.train import average

D, K = 6, 2


@pytest.fixture
def model() -> VAE:
    """A small autoencoder in double precision, its q broad enough to sample with."""
    torch.manual_seed(3)
    vae = VAE(D, K, n_hidden=8).double()
    for part, deviation in ((vae.encoder, 0.1), (vae.decoder, 0.9)):
        for weights in part.parameters():
            nn.init.normal_(weights, std=deviation)
    return vae.eval()


@pytest.fixture
def x() -> torch.Tensor:
    return torch.tensor([[1, 0, 1, 1, 0, 0], [0, 0, 0, 1, 1, 1]], dtype=torch.float64)


@pytest.fixture
def grid() -> tuple[torch.Tensor, float]:
    """Points of the plane of codes, and the area that each stands for."""
    line = torch.linspace(-9, 9, 361, dtype=torch.float64)
    return torch.cartesian_prod(line, line), (18 / 360) ** 2


def log_joint(model: VAE, x: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
    """log p(x, z) of one image at many codes, by torch.distributions."""
    pixels = Bernoulli(logits=model.decoder(z)).log_prob(x).sum(dim=1)
    return pixels + Normal(0.0, 1.0).log_prob(z).sum(dim=1)


def exact(model: VAE, x: torch.Tensor, grid: tuple[torch.Tensor, float]) -> np.ndarray:
    """log p(x) of each image and its bound, by sums over the grid."""
    z, area = grid
    found = []
    with torch.no_grad():
        for image in x:
            mean, v = model.encoder(image).chunk(2)
            log_p = log_joint(model, image, z)
            log_q = Normal(mean, (v / 2).exp()).log_prob(z).sum(dim=1)
            bound = (log_q.exp() * (log_p - log_q)).sum() * area
            found.append([(log_p.logsumexp(0) + np.log(area)).item(), bound.item()])
    return np.array(found)


def test_divergence_against_torch_and_a_symbolic_integral():
    """Kills a sign, a deviation for a variance, a mean over the dimensions."""
    torch.manual_seed(0)
    mean, v = torch.randn(2, 5, 3, dtype=torch.float64)
    found = vaes.kl_to_standard_normal(mean, v)
    peer = kl_divergence(Normal(mean, (v / 2).exp()), Normal(0.0, 1.0)).sum(dim=1)
    torch.testing.assert_close(found, peer)
    m, e = sp.symbols("m e", real=True)
    s = sp.symbols("s", positive=True)
    log_ratio = (-(e**2) + (m + s * e) ** 2) / 2 - sp.log(s)
    bell = sp.exp(-(e**2) / 2) / sp.sqrt(2 * sp.pi)
    integral = sp.integrate(sp.expand(log_ratio * bell), (e, -sp.oo, sp.oo))
    symbolic = sp.lambdify((m, s), integral)(mean.numpy(), (v / 2).exp().numpy())
    np.testing.assert_allclose(found, symbolic.sum(axis=1))


def test_pixels_against_torch(model, x):
    """Kills a mean over the pixels, and logits taken for probabilities."""
    logits = torch.randn(2, D, dtype=torch.float64)
    wanted = Bernoulli(logits=logits).log_prob(x).sum(dim=1)
    torch.testing.assert_close(vaes.log_bernoulli(x, logits), wanted)


def test_sure_pixels_stay_finite():
    """Kills the logarithm of a rounded probability."""
    sure = torch.tensor([[200.0, -200.0]])
    right, wrong = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    assert vaes.log_bernoulli(right, sure).item() == 0
    assert vaes.log_bernoulli(wrong, sure).item() == -400


def test_codes_have_the_encoders_moments():
    """Kills exp(v), a variance, in the place of the deviation."""
    torch.manual_seed(0)
    mean = torch.tensor([1.0, -2.0, 0.0]).repeat(200_000, 1)
    v = torch.tensor([0.0, 2.0, -3.0]).repeat(200_000, 1)
    z = vaes.reparameterize(mean, v)
    deviations = (v[0] / 2).exp()
    error = (z.mean(dim=0) - mean[0]).abs() / deviations
    assert error.max() < 0.01
    torch.testing.assert_close(z.std(dim=0), deviations, rtol=0.01, atol=0)
    assert torch.corrcoef(z.T).fill_diagonal_(0).abs().max() < 0.01


def test_gradients_pass_the_draw():
    """They are g and g times the noise; kills a draw that is detached."""
    mean = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    sigma = torch.rand(4, 3, dtype=torch.float64).add(0.1).requires_grad_()
    z = vaes.reparameterize(mean, 2 * sigma.log())
    noise = ((z - mean) / sigma).detach()
    g = 3 * z.detach() ** 2  # of the loss, the sum of cubes
    by_mean, by_sigma = torch.autograd.grad((z**3).sum(), (mean, sigma))
    torch.testing.assert_close(by_mean, g)
    torch.testing.assert_close(by_sigma, g * noise)


def test_terms_average_to_the_exact_bound(model, x, grid):
    """Kills a rate or a distortion with a wrong sign, factor, or mean over pixels."""
    torch.manual_seed(0)
    many = x.repeat(50_000, 1)
    with torch.no_grad():
        terms = negative_elbo(model, many)
    wanted = exact(model, x, grid)[:, 1].mean()
    assert abs(-sum(terms.values()).item() - wanted) < 0.02
    mean, v = model.encode(x)
    rate = kl_divergence(Normal(mean, (v / 2).exp()), Normal(0.0, 1.0)).sum(dim=1)
    torch.testing.assert_close(terms["rate"], rate.mean())


def test_log_likelihood_against_the_integral(model, x, grid, monkeypatch):
    """Batch by batch, in the images' order. Kills a forgotten log I, and a wrong q."""
    monkeypatch.setattr(vaes, "ROWS", 50_000)
    generator = torch.Generator().manual_seed(0)
    both = exact(model, x, grid)
    with_draws = {
        count: vaes.log_likelihood(
            model, x.repeat(3, 1), n_samples=count, generator=generator
        ).reshape(3, 2)
        for count in (1, 50_000)
    }
    assert (both[:, 1] < both[:, 0] - 0.05).all()  # so that the two can be told apart
    np.testing.assert_allclose(with_draws[50_000], [both[:, 0]] * 3, atol=0.03)
    assert (with_draws[50_000] > torch.tensor(both[:, 1]) + 0.02).all()


def test_the_bound_is_below_the_estimate_for_every_draw():
    """Of the trained model; not on average only, but whatever is drawn (Jensen)."""
    vae, images = experiments.load("vae")["vae"], experiment.test_images()[:50]
    for seed in range(3):
        logs, estimates = (
            run(
                vae, images, n_samples=20, generator=torch.Generator().manual_seed(seed)
            )
            for run in (sampled, vaes.log_likelihood)
        )
        assert (logs.mean(dim=0) < estimates).all()
        assert (estimates <= logs.max(dim=0).values).all()


def seeded(seed):
    return torch.Generator().manual_seed(seed)


@torch.no_grad()
def sampled(vae, images, *, n_samples, generator):
    return vaes.log_weights(vae, images, n_samples, generator=generator)


def test_the_recorded_figures_are_those_of_the_weights():
    """Kills weights and manifest of different runs; the promised quality is reached."""
    figures = experiments.manifest("vae")["figures"]
    vae, images = experiments.load("vae")["vae"], experiment.test_images()
    torch.manual_seed(1)
    bound = -sum(average(negative_elbo, vae, images).values())
    assert abs(bound - figures["test_bound"]) < 0.2
    assert -105 <= bound < figures["test_log_likelihood"]


def test_the_last_snapshot_is_the_trained_decoder():
    """Kills snapshots of another epoch, or of the encoder."""
    vae, z = experiments.load("vae")["vae"], torch.randn(3, 20)
    first, last = (experiments.load_snapshot("vae", epoch) for epoch in (10, 50))
    assert torch.equal(last(z), vae.decode(z))
    assert not torch.allclose(first(z), last(z), atol=0.1)


def test_training_draws_new_binary_images_every_time():
    """Kills a threshold, and grey levels as they are."""
    seen = []

    class Spy(VAE):
        def encode(self, x):
            seen.append(x)
            return super().encode(x)

    grey = torch.tensor([[0.0, 1.0, 0.3]]).repeat(20_000, 1)
    for _ in range(2):
        experiment.loss(Spy(3, 1, 2), grey)
    assert torch.equal(seen[0], seen[0] ** 2)
    assert not torch.equal(*seen)
    torch.testing.assert_close(seen[0].mean(dim=0), grey[0], rtol=0, atol=0.02)


def test_test_images_are_always_the_same():
    first, second = experiment.test_images(), experiment.test_images()
    assert torch.equal(first, second)
    assert set(first.unique().tolist()) == {0.0, 1.0}


def test_samples_come_from_the_prior(model):
    """Kills logits for probabilities, and codes of a wrong spread."""
    model = model.float()
    nn.init.zeros_(model.decoder[-1].weight)
    nn.init.constant_(model.decoder[-1].bias, -1.0)
    generator = torch.Generator().manual_seed(0)
    found = vaes.sample(model, 4, generator=generator)
    torch.testing.assert_close(found, torch.full((4, D), 1 / (1 + np.e)))
    model.decoder = nn.Identity()
    z = vaes.sample(model, 100_000, generator=generator).logit()
    assert z.mean().abs() < 0.02
    assert (z.std() - 1).abs() < 0.02


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (torch.zeros(2, D - 1), rf"rows of {D} pixels, shape \(N, {D}\); got \(2, 5\)"),
        (torch.zeros(0, D), r"got \(0, 6\)"),
        (torch.full((2, D), 255.0), "from 0 to 1; x.0, 0. is 255: divide grey levels"),
        (torch.full((2, D), -0.1), "from 0 to 1"),
        (torch.full((2, D), torch.nan), "x.0, 0. is nan"),
    ],
    ids=["width", "empty", "unscaled", "negative", "NaN"],
)
def test_images_that_do_not_fit_are_refused(images, message):
    with pytest.raises(ValueError, match=message):
        vaes.log_likelihood(VAE(D, K, 3), images, n_samples=2)


@pytest.mark.parametrize("count", [0, -1])
def test_no_samples_are_refused(count):
    with pytest.raises(ValueError, match="n_samples must be a whole number, 1 or more"):
        vaes.log_likelihood(VAE(D, K, 3), torch.zeros(1, D), n_samples=count)
