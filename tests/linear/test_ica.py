"""ICA against SciPy, autograd, a general optimiser, and the cases that break it."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from scipy.stats import logistic

from latent import data
from latent.linear import ica


def likelihood(w: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """The mean log-likelihood, with PyTorch's own logistic function."""
    y = x @ w.T
    log_slope = torch.nn.functional.logsigmoid
    volume = torch.linalg.slogdet(w)[1]
    return volume + (log_slope(y) + log_slope(-y)).sum(dim=1).mean()


def slope(w: np.ndarray, x: np.ndarray) -> np.ndarray:
    at = torch.tensor(w, requires_grad=True)
    likelihood(at, torch.tensor(x)).backward()
    assert at.grad is not None
    return at.grad.numpy()


def mixed(rng, n=20_000, k=4, *, microphones=None):
    """Laplace sources, which the logistic density suits, and a random mixing."""
    sources = rng.laplace(size=(n, k))
    mixing = rng.normal(size=(microphones or k, k))
    return sources @ mixing.T + rng.normal(size=len(mixing)), mixing, sources


def quality(run, mixing):
    """The worst signal-to-interference ratio; every source must be found once."""
    gains = run.params.unmixing @ mixing
    assert sorted(np.abs(gains).argmax(axis=1)) == list(range(len(gains)))
    return ica.signal_to_interference(gains).min()


@pytest.fixture
def recordings():
    r = data.audio_sources()
    return r.sources.astype(float) @ r.mixing.T, r.mixing


# The pieces.


def test_the_density_is_scipys_and_the_scores_its_derivatives():
    """Kills a sign, a factor 2, t for t/2."""
    y = np.linspace(-6, 6, 40)
    log_density, score, bend = ica.logistic(y)
    np.testing.assert_allclose(log_density, logistic.logpdf(y), rtol=1e-14)
    t = torch.tensor(y, requires_grad=True)
    log = torch.nn.functional.logsigmoid
    (first,) = torch.autograd.grad((log(t) + log(-t)).sum(), t, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), t)
    np.testing.assert_allclose(score, -first.detach(), atol=1e-15)
    np.testing.assert_allclose(bend, -second, atol=1e-15)


def test_no_size_of_a_source_overflows():
    """Kills log(1 - g) of a rounded g, and exp of a large number."""
    y = np.array([-1e300, -800.0, -0.0, 800.0, 1e300])
    log_density, score, bend = ica.logistic(y)
    np.testing.assert_array_equal(log_density, [-1e300, -800, -np.log(4), -800, -1e300])
    np.testing.assert_array_equal(score, [-1, -1, 0, 1, 1])
    np.testing.assert_array_equal(bend, [0, 0, 0.5, 0, 0])


@pytest.mark.parametrize("turned", [1, -1])
def test_objective_and_gradients_are_autograds(rng, turned):
    """Also where the determinant is negative. Kills its logarithm, a lost transpose,
    a transposed product, and blocks that are not added up.
    """
    x, w = rng.normal(size=(9000, 3)), rng.normal(size=(3, 3))
    w[0] *= turned * np.sign(np.linalg.det(w))
    objective, relative, _ = ica.averages(w, x)
    wanted = likelihood(torch.tensor(w), torch.tensor(x)).item()
    np.testing.assert_allclose(objective, wanted, rtol=1e-13)
    np.testing.assert_allclose(ica.gradient(w, x), slope(w, x), rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(relative, slope(w, x) @ w.T, rtol=1e-11, atol=1e-13)
    params = ica.ICA(w, np.zeros(3))
    np.testing.assert_allclose(ica.log_prob(params, x).mean(), wanted, rtol=1e-13)


def test_curvatures_by_a_loop_and_by_the_second_derivative(rng):
    """Kills the curvatures' transpose: which source is bent and which is squared."""
    x, w = rng.normal(size=(50, 3)), rng.normal(size=(3, 3))
    h = ica.averages(w, x)[2]
    y = x @ w.T
    for i in range(3):
        for j in range(3):
            own = np.mean([0.5 / np.cosh(s[i] / 2) ** 2 * s[j] ** 2 for s in y])
            np.testing.assert_allclose(h[i, j], own)
    e = np.zeros((3, 3))
    e[0, 1] = 1  # one entry has no partner: the second derivative is -h alone

    t = torch.tensor(0.0, dtype=torch.float64, requires_grad=True)
    value = likelihood(torch.tensor(w) + t * torch.tensor(e @ w), torch.tensor(x))
    (first,) = torch.autograd.grad(value, t, create_graph=True)
    (second,) = torch.autograd.grad(first, t)
    np.testing.assert_allclose(second, -h[0, 1], rtol=1e-10)


def test_the_newton_step_tops_the_quadratic_model(rng):
    """Kills exchanged curvatures and a lost diagonal; by a dense linear system."""
    g, h = rng.normal(size=(4, 4)), rng.uniform(1.2, 3, size=(4, 4))
    np.fill_diagonal(h, [0.2, 0.4, 1.0, 2.0])
    exchange = np.eye(16).reshape(4, 4, 4, 4).transpose(0, 1, 3, 2).reshape(16, 16)
    wanted = np.linalg.solve(np.diag(h.ravel()) + exchange, g.ravel())
    np.testing.assert_allclose(ica.newton_step(g, h).ravel(), wanted, rtol=1e-12)


def test_a_repaired_step_leads_uphill(rng):
    """Kills a Newton step to a saddle: flat curvatures make blocks indefinite."""
    for scale in (0.0, 0.1, 0.5, 1.0):
        g, h = rng.normal(size=(5, 5)), scale * rng.uniform(size=(5, 5))
        step = ica.newton_step(g, h)
        assert (step * g).sum() > 0.05 * (g * g).sum()
        assert np.abs(step).max() < 2 / ica.LEAST_CURVATURE * np.abs(g).max()


# The fit.


def test_five_microphones_five_sources(recordings):
    x, mixing = recordings
    run = ica.fit(x)
    assert run.converged
    assert len(run.history) <= 12  # 9 steps; without the repair of the blocks 199
    assert quality(run, mixing) > 30


def test_the_gradient_vanishes_by_autograd_and_the_likelihood_never_falls(recordings):
    """Kills a history or gradient of other parameters than those returned."""
    x, _ = recordings
    run = ica.fit(x)
    w = run.params.unmixing
    relative = slope(w, x - run.params.mean) @ w.T
    assert np.abs(relative).max() < 1e-6
    np.testing.assert_allclose(np.abs(relative).max(), run.gradients[-1], atol=1e-9)
    found = ica.log_prob(run.params, x).mean()
    np.testing.assert_allclose(run.history[-1], found, rtol=1e-13)
    assert (np.diff(run.history) >= -1e-13 * np.abs(run.history[1:])).all()


def test_a_general_optimiser_finds_the_same_maximum(rng):
    """Kills a wrong objective and a stop at something else than its maximum."""
    x, mixing, _ = mixed(rng, n=2000, k=3)
    run = ica.fit(x)
    z = torch.tensor(x - x.mean(axis=0))

    def loss(flat):
        w = torch.tensor(flat.reshape(3, 3), requires_grad=True)
        value = -likelihood(w, z)
        value.backward()
        assert w.grad is not None
        return value.item(), w.grad.numpy().ravel()

    start = np.linalg.inv(mixing).ravel()
    peer = minimize(loss, start, jac=True, method="BFGS", options={"gtol": 1e-9})
    np.testing.assert_allclose(run.history[-1], -peer.fun, rtol=1e-12)
    gains = run.params.unmixing @ np.linalg.inv(peer.x.reshape(3, 3))
    np.testing.assert_allclose(np.sort(np.abs(gains))[:, :2], 0, atol=1e-6)
    np.testing.assert_allclose(np.abs(gains).max(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("k", [1, 2, 7])
@pytest.mark.parametrize("seed", range(3))
def test_sources_come_back(k, seed):
    x, mixing, _ = mixed(np.random.default_rng(seed), k=k)
    run = ica.fit(x)
    assert run.converged
    gains = np.abs(run.params.unmixing @ mixing)
    assert k == 1 or quality(run, mixing) > 25
    # The likelihood fixes the scale: E[psi(y) y] = 1.
    y = ica.unmix(run.params, x)
    np.testing.assert_allclose((np.tanh(y / 2) * y).mean(axis=0), 1, atol=1e-6)
    assert gains.shape == (k, k)


def test_units_and_offsets_of_the_microphones_do_not_matter(rng):
    """Kills a likelihood that is not centred, and a start that depends on units."""
    x, _, _ = mixed(rng, k=3)
    unit, offset = np.array([1e-3, 1.0, 1e4]), np.array([5.0, -1e3, 1e6])
    one, two = ica.fit(x), ica.fit(x * unit + offset)
    gains = two.params.unmixing * unit @ np.linalg.inv(one.params.unmixing)
    np.testing.assert_allclose(np.sort(np.abs(gains)), [[0, 0, 1]] * 3, atol=1e-6)
    volume = np.log(unit).sum()
    np.testing.assert_allclose(two.history[-1], one.history[-1] - volume, rtol=1e-9)


def test_loudest_source_first_and_largest_entry_positive(recordings):
    x, mixing = recordings
    w = ica.fit(x).params.unmixing
    found = np.abs(w @ mixing).argmax(axis=1)
    power = (mixing**2).sum(axis=0)  # the sources have variance one
    assert list(found) == list(np.argsort(-power))
    assert (w[np.arange(5), np.abs(w).argmax(axis=1)] > 0).all()


def test_more_microphones_than_sources(rng):
    """Kills a projection that loses the sources, and a determinant that is not one."""
    x, mixing, sources = mixed(rng, k=3, microphones=6)
    run = ica.fit(x, 3)
    assert run.params.unmixing.shape == (3, 6)
    assert quality(run, mixing) > 25
    np.testing.assert_allclose(
        ica.log_prob(run.params, x).mean(), run.history[-1], rtol=1e-9
    )
    y = ica.unmix(run.params, x)
    found = np.abs(np.corrcoef(y.T, sources.T)[:3, 3:])
    np.testing.assert_allclose(np.sort(found)[:, -1], 1, atol=1e-3)


def test_same_data_same_bits_in_any_layout_and_no_writing(rng):
    x, _, _ = mixed(rng, n=500, k=3)
    kept = x.copy()
    one, two = ica.fit(np.ascontiguousarray(x)), ica.fit(np.asfortranarray(x))
    np.testing.assert_array_equal(one.params.unmixing, two.params.unmixing)
    np.testing.assert_array_equal(x, kept)


def test_an_impossible_tolerance_ends_and_says_so(rng):
    """Kills an endless line search."""
    x, _, _ = mixed(rng, n=500, k=3)
    run = ica.fit(x, tol=0.0, max_iter=60)
    assert not run.converged or run.gradients[-1] == 0
    assert run.gradients[-1] < 1e-12
    short = ica.fit(x, max_iter=1)
    assert not short.converged
    assert len(short.history) == len(short.gradients) == 2


def test_signal_to_interference_by_hand():
    gains = np.array([[1.0, 0.1], [0.0, -3.0], [1.0, 1.0]])
    np.testing.assert_allclose(ica.signal_to_interference(gains), [20, np.inf, 0])


# Bad input.


def test_a_singular_mixing_is_named_with_its_rank(rng):
    x, _, _ = mixed(rng, n=300, k=3)
    copied = np.column_stack([x, x @ [1.0, 2.0, -1.0]])
    with pytest.raises(ValueError, match=r"rank 3 .* 4 sources; pass n_sources=3"):
        ica.fit(copied)
    assert ica.fit(copied, 3).converged
    silent = np.column_stack([x, np.full(300, 7.0)])
    with pytest.raises(
        ValueError, match=r"rank 3 .*constant columns: \[3\]; pass n_sources=3"
    ):
        ica.fit(silent)
    offset = 1e9 + np.column_stack([x, x[:, 0]])
    with pytest.raises(ValueError, match="rank 3"):
        ica.fit(offset)


def test_a_microphone_that_is_nearly_a_copy(rng):
    """Kills a threshold of zero, which lets rounding count as a direction."""
    x, _, _ = mixed(rng, n=300, k=2)
    noise = rng.normal(size=300)
    near = np.column_stack([x, x[:, 0] + 1e-7 * noise])
    with pytest.raises(ValueError, match=r"rank 2 .* 3 sources"):
        ica.whitener(near, 3)
    apart = np.column_stack([x, x[:, 0] + 1e-4 * noise])
    assert len(ica.whitener(apart, 3)[0]) == 3


def test_constant_data():
    wanted = r"rank 0 once centred.*constant columns: \[0, 1\]$"
    for value in (0.0, 3.0, 1e17 / 3):
        with pytest.raises(ValueError, match=wanted):
            ica.fit(np.full((20, 2), value))


@pytest.mark.parametrize(
    ("x", "settings", "message"),
    [
        (np.ones((9, 2)), {"n_sources": 3}, r"n_sources is 3, but .* only 2 micro"),
        (np.ones((9, 2)), {"n_sources": 0}, "n_sources must be a whole number"),
        (np.ones((2, 5)), {}, r"2 observations \(rows\), too few to unmix 5"),
        (np.ones((5, 5)), {}, "more rows than sources"),
        ([[1.0, np.nan], [2.0, 1.0]], {}, r"x\[0, 1\] is nan"),
        ([[1.0, np.inf], [2.0, 1.0]], {}, r"x\[0, 1\] is inf"),
        (np.ones(9), {}, r"pass x\[:, None\]"),
        (np.ones((9, 2)), {"max_iter": 0}, "max_iter must be a whole number"),
        (np.ones((9, 2)), {"tol": -1.0}, "tol must be 0 or more"),
        (np.ones((9, 2)), {"tol": np.nan}, "tol must be 0 or more"),
    ],
)
def test_bad_input_is_refused_with_what_was_given(x, settings, message):
    with pytest.raises(ValueError, match=message):
        ica.fit(x, **settings)


@pytest.mark.parametrize("function", [ica.unmix, ica.log_prob])
def test_other_microphones_than_the_model_has(function):
    params = ica.ICA(np.eye(2), np.zeros(2))
    with pytest.raises(ValueError, match="x has 3 features a row; the model has 2"):
        function(params, np.ones((4, 3)))
    with pytest.raises(ValueError, match="must be finite"):
        function(params, np.full((4, 2), np.nan))
