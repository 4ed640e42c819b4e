"""The conditional autoencoder: its bound, its sheet, its probe, its classifier."""

import numpy as np
import pytest
import torch
from scipy.special import softmax
from scipy.stats import norm
from sklearn.linear_model import LogisticRegression
from torch import Tensor
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence

from latent import pixels
from latent.deep import conditional_vae as cv
from latent.train import average, descend, train

D, C, K = 6, 3, 2


def model(seed: int = 0, *, n_latent: int = K, label_gain: float = 2.0) -> cv.CVAE:
    """A small random model, its weights large enough for the code to matter."""
    torch.manual_seed(seed)
    cvae = cv.CVAE(D, C, n_latent, 8, label_gain=label_gain)
    with torch.no_grad():
        for weights in cvae.parameters():
            weights.mul_(3)
    return cvae


def batch(n: int = 5, seed: int = 1) -> tuple[Tensor, Tensor]:
    rng = torch.Generator().manual_seed(seed)
    x = torch.randint(0, 2, (n, D), generator=rng).float()
    return x, pixels.one_hot(torch.arange(n) % C, C)


def certain(cvae: cv.CVAE) -> None:
    """Make the recognition model's deviations vanish, so that no draw matters."""
    with torch.no_grad():
        cvae.encoder[2].weight[cvae.n_latent :] = 0
        cvae.encoder[2].bias[cvae.n_latent :] = -60


@pytest.mark.parametrize("seed", range(3))
def test_the_loss_is_that_of_torchs_distributions(seed: int) -> None:
    """Kills a mean over pixels, a deviation for a variance, a wrong sign."""
    cvae, (x, y) = model(seed), batch()
    torch.manual_seed(7)
    terms = cv.loss_function(cvae, x, y)
    mean, log_variance = cvae.recognition_model(x, y)
    deviation = torch.exp(log_variance / 2)
    torch.manual_seed(7)
    z = Normal(mean, deviation).rsample()
    likelihood = Independent(Bernoulli(logits=cvae.generative_model(z, y)), 1)
    torch.testing.assert_close(terms["distortion"], -likelihood.log_prob(x).mean())
    rate = kl_divergence(Normal(mean, deviation), Normal(0, 1)).sum(dim=1)
    torch.testing.assert_close(terms["rate"], rate.mean())


def log_evidence(cvae: cv.CVAE, x: Tensor) -> np.ndarray:
    """log p(x | y) of each image with each label, by quadrature over one code."""
    grid = torch.linspace(-9, 9, 2001)[:, None]
    step = 18 / 2000
    with torch.no_grad():
        probs = cv.sheet(cvae, grid).double().numpy()  # (G, C, D)
    prior = norm.pdf(grid.double().numpy()[:, 0]) * step
    pixel = np.where(x.numpy()[:, None, None] == 1, probs, 1 - probs)
    return np.log(np.einsum("g,ngc->nc", prior, pixel.prod(axis=3)))


@pytest.mark.parametrize("seed", range(3))
def test_the_bound_is_never_above_the_log_probability(seed: int) -> None:
    """A code of one entry is integrated out. Kills a missing or halved rate."""
    cvae, (x, _) = model(seed, n_latent=1), batch()
    rng = torch.Generator().manual_seed(0)
    bounds = cv.label_bounds(cvae, x, n_draws=4000, generator=rng).numpy()
    exact = log_evidence(cvae, x)
    assert (bounds < exact + 0.02).all()
    assert (bounds < exact - 0.05).any()  # a random recognition model is not tight


def test_the_bound_is_tight_where_the_posterior_is_the_prior() -> None:
    """The code is not used and not charged for. Kills a rate that is not zero there."""
    cvae, (x, y) = model(n_latent=1), batch()
    with torch.no_grad():
        for weights in cvae.encoder[2].parameters():
            weights.zero_()
        cvae.decoder[0].weight[:, :1] = 0
    rng = torch.Generator().manual_seed(0)
    bounds = cv.label_bounds(cvae, x, n_draws=1, generator=rng).numpy()
    np.testing.assert_allclose(bounds, log_evidence(cvae, x), rtol=1e-5)
    terms = cv.loss_function(cvae, x, y)
    assert terms["rate"].item() == 0
    own = (bounds * y.numpy()).sum(axis=1).mean()
    np.testing.assert_allclose(-terms["distortion"].item(), own, rtol=1e-5)


def test_a_gain_can_be_moved_into_the_weights() -> None:
    """Kills a gain on one of the two networks only, or on the image."""
    loud, quiet = model(label_gain=5.0), model(label_gain=1.0)
    with torch.no_grad():
        quiet.encoder[0].weight[:, D:] *= 5
        quiet.decoder[0].weight[:, K:] *= 5
    x, y = batch()
    for one, other in zip(
        loud.recognition_model(x, y), quiet.recognition_model(x, y), strict=True
    ):
        torch.testing.assert_close(one, other)
    z = torch.randn(len(y), K)
    torch.testing.assert_close(
        loud.generative_model(z, y), quiet.generative_model(z, y)
    )


def test_forward_infers_draws_and_generates() -> None:
    """Without spread the code is the mean. Kills a code that is not what is decoded."""
    cvae, (x, y) = model(), batch()
    certain(cvae)
    logits, mean, log_variance = cvae(x, y)
    wanted, same = cvae.recognition_model(x, y)
    torch.testing.assert_close(mean, wanted)
    torch.testing.assert_close(log_variance, same)
    torch.testing.assert_close(logits, cvae.generative_model(mean, y))


def test_a_row_of_the_sheet_has_one_code_and_a_column_one_label() -> None:
    """Kills rows and columns exchanged, and logits in place of probabilities."""
    cvae, z = model(), torch.randn(4, K)
    images = cv.sheet(cvae, z)
    assert images.shape == (4, C, D)
    for i in range(4):
        for c in range(C):
            logits = cvae.generative_model(z[[i]], torch.eye(C)[[c]])
            torch.testing.assert_close(images[i, c], torch.sigmoid(logits[0]))


def test_the_bounds_are_minus_the_losses_label_by_label() -> None:
    """Kills a wrong label order, and images that are not repeated in step."""
    cvae, (x, _) = model(), batch(7)
    certain(cvae)
    rng = torch.Generator().manual_seed(0)
    bounds = cv.label_bounds(cvae, x, n_draws=3, generator=rng, batch_size=3)
    for n in range(len(x)):
        for c in range(C):
            terms = cv.loss_function(cvae, x[[n]], torch.eye(C)[[c]])
            wanted = -sum(term.item() for term in terms.values())
            assert bounds[n, c].item() == pytest.approx(wanted, rel=1e-4)


def test_the_labels_of_an_image_share_their_noise() -> None:
    """Where the networks do not hear the label, all its bounds are the same."""
    cvae, (x, _) = model(label_gain=0.0), batch()
    rng = torch.Generator().manual_seed(0)
    bounds = cv.label_bounds(cvae, x, n_draws=1, generator=rng)
    torch.testing.assert_close(bounds, bounds[:, :1].expand(-1, C))
    again = cv.label_bounds(cvae, x, n_draws=1, generator=rng)
    assert not torch.allclose(bounds, again)


def test_the_posterior_of_the_label_is_a_softmax_with_weights() -> None:
    """Also where every exponential vanishes. Kills forgotten weights."""
    bounds = torch.tensor([[-2000.0, -2001.0, -2003.0], [1.0, 2.0, 3.0]])
    weights = torch.tensor([0.2, 0.7, 0.1])
    found = cv.label_posterior(bounds, weights)
    wanted = softmax(bounds.numpy() + np.log(weights.numpy()), axis=1)
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


def test_codes_have_the_moments_of_the_recognition_model() -> None:
    """Kills a variance in place of a deviation."""
    cvae, (x, y) = model(), batch(2)
    many = x[[0]].expand(40_000, -1), y[[0]].expand(40_000, -1)
    z = cv.encode(cvae, *many, generator=torch.Generator().manual_seed(0))
    mean, log_variance = cvae.recognition_model(x[[0]], y[[0]])
    deviation = torch.exp(log_variance[0] / 2)
    error = 4 * deviation / 200
    assert ((z.mean(dim=0) - mean[0]).abs() < error).all()
    torch.testing.assert_close(z.std(dim=0), deviation, rtol=0.02, atol=0)


def test_the_probe_is_scikit_learns_logistic_regression(blobs: np.ndarray) -> None:
    """Kills a probe that stops early, and one without intercepts."""
    z = torch.from_numpy(np.ascontiguousarray(blobs)).float()
    labels = torch.arange(500) // 200  # three overlapping classes
    probe = cv.fit_probe(z, labels)
    peer = LogisticRegression(C=np.inf, tol=1e-8, max_iter=5000).fit(z, labels)
    with torch.no_grad():
        found = torch.softmax(probe(z), dim=1)
    np.testing.assert_allclose(found, peer.predict_proba(z), atol=2e-3)


def test_training_obeys_the_label() -> None:
    """Three patterns with noise: each column of the sheet becomes its pattern."""
    rng = torch.Generator().manual_seed(0)
    patterns = torch.tensor(
        [[1.0, 1, 0, 0, 0, 0], [0, 0, 1, 1, 0, 0], [0, 0, 0, 0, 1, 1]]
    )
    labels = torch.arange(600) % C
    flips = torch.rand(600, D, generator=rng) < 0.05
    x = (patterns[labels].bool() ^ flips).float()
    y = pixels.one_hot(labels, C)
    torch.manual_seed(0)
    cvae = cv.CVAE(D, C, K, 16)
    optimizer = torch.optim.Adam(cvae.parameters(), 1e-2)
    step = descend(cv.loss_function, cvae, optimizer)
    before = sum(average(cv.loss_function, cvae, x, y).values())
    train(step, x, y, epochs=10, batch_size=50, seed=0, progress=False)
    after = sum(average(cv.loss_function, cvae, x, y).values())
    # Six pixels, each wrong with probability 0.05, have an entropy of 1.19 nats.
    assert 1.0 < after < 1.6 < before
    drawn = cv.sheet(cvae, torch.randn(20, K, generator=rng))
    assert ((drawn > 0.5) == patterns.bool()).float().mean() > 0.95


def test_wrong_images_and_labels_are_refused() -> None:
    cvae, (x, y) = model(), batch()
    with pytest.raises(ValueError, match=r"rows of 6 pixels.*got \(5, 5\)"):
        cv.loss_function(cvae, x[:, :5], y)
    with pytest.raises(ValueError, match=r"x\[0, 0\] is 2: divide grey levels by 255"):
        cv.loss_function(cvae, x + 2 - x, y)
    with pytest.raises(ValueError, match=r"rows of 3 entries; got \(5, 4\).*one_hot"):
        cv.loss_function(cvae, x, torch.eye(4)[:1].expand(5, -1))
    with pytest.raises(ValueError, match=r"shares of one.*y\[0\] is \[2.0, 0.0, 0.0\]"):
        cv.loss_function(cvae, x, 2 * y)
    negative = torch.tensor([[2.0, -1.0, 0.0]]).expand(5, -1)
    with pytest.raises(ValueError, match="shares of one"):
        cv.loss_function(cvae, x, negative)
    with pytest.raises(ValueError, match="5 images, but 4 labels"):
        cv.check(cvae, x, y[:4])


def test_half_a_label_is_allowed() -> None:
    cvae, (x, _) = model(), batch()
    cv.check(cvae, x, torch.tensor([[0.5, 0.5, 0.0]]).expand(5, -1))


def test_other_wrong_input_is_refused() -> None:
    cvae, (x, y) = model(), batch()
    rng = torch.Generator().manual_seed(0)
    with pytest.raises(ValueError, match="codes must have 2 entries; got 3"):
        cv.sheet(cvae, torch.zeros(1, 3))
    with pytest.raises(ValueError, match="n_draws must be a whole number"):
        cv.label_bounds(cvae, x, n_draws=0, generator=rng)
    with pytest.raises(ValueError, match="pixels must lie from 0 to 1"):
        cv.label_bounds(cvae, 2 * x + 1, n_draws=1, generator=rng)
    with pytest.raises(ValueError, match="pixels must lie from 0 to 1"):
        cv.encode(cvae, -x - 1, y, generator=rng)
    with pytest.raises(ValueError, match="5 codes, but 4 labels"):
        cv.fit_probe(torch.zeros(5, K), torch.tensor([0, 1, 2, 0]))
    with pytest.raises(ValueError, match=r"labels must be 0 to 1; labels\[1\] is -1"):
        cv.fit_probe(torch.zeros(2, K), torch.tensor([1, -1]))
