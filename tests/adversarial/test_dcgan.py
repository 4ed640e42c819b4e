"""The two networks are those of the tables, and convolutions are matrices."""

from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from latent import data
from latent.adversarial import dcgan, gan

# The problem's tables, typed here once more on purpose: type, input and output
# channels, kernel, stride, padding; then what follows: output size along a side,
# parameters.
DISCRIMINATOR: list[tuple[type[nn.Module], tuple[int, ...], int, int]] = [
    (nn.Conv2d, (1, 16, 3, 1, 1), 32, 160),
    (nn.LeakyReLU, (16,), 32, 0),
    (nn.MaxPool2d, (16, 2, 2, 0), 16, 0),
    (nn.Conv2d, (16, 32, 3, 1, 1), 16, 4640),
    (nn.LeakyReLU, (32,), 16, 0),
    (nn.MaxPool2d, (32, 2, 2, 0), 8, 0),
    (nn.Conv2d, (32, 64, 3, 1, 1), 8, 18496),
    (nn.LeakyReLU, (64,), 8, 0),
    (nn.MaxPool2d, (64, 2, 2, 0), 4, 0),
    (nn.Conv2d, (64, 128, 3, 1, 1), 4, 73856),
    (nn.LeakyReLU, (128,), 4, 0),
    (nn.MaxPool2d, (128, 4, 4, 0), 1, 0),
    (nn.Linear, (128, 1), 0, 129),
]
GENERATOR: list[tuple[type[nn.Module], tuple[int, ...], int, int]] = [
    (nn.ConvTranspose2d, (128, 64, 4, 1, 0), 4, 131136),
    (nn.LeakyReLU, (64,), 4, 0),
    (nn.ConvTranspose2d, (64, 32, 4, 2, 1), 8, 32800),
    (nn.LeakyReLU, (32,), 8, 0),
    (nn.ConvTranspose2d, (32, 16, 4, 2, 1), 16, 8208),
    (nn.LeakyReLU, (16,), 16, 0),
    (nn.ConvTranspose2d, (16, 1, 4, 2, 1), 32, 257),
    (nn.Tanh, (1,), 32, 0),
]
SETTINGS = [  # n, kernel, stride, padding
    (n, kernel, stride, padding)
    for n, kernel, stride, padding in product(
        range(1, 9), range(1, 6), range(1, 4), range(3)
    )
    if kernel <= n + 2 * padding and padding < kernel
]


@pytest.fixture
def networks() -> gan.GAN:
    torch.manual_seed(0)
    return dcgan.dcgan()


def images(n: int) -> torch.Tensor:
    return dcgan.padded(data.mnist().test_images[:n])


def both(value: Any) -> tuple[int, int]:
    return value if isinstance(value, tuple) else (value, value)


def outputs(layers: nn.Sequential, x: torch.Tensor) -> list[torch.Tensor]:
    found = []
    for layer in layers:
        x = layer(x)
        if not isinstance(layer, nn.Flatten):
            found.append(x)
    return found


def rows_agree(layers: nn.Sequential, table: list, start: torch.Tensor) -> None:
    """Type, sizes, output shape, biases, parameters and slopes, layer by layer."""
    kept = [layer for layer in layers if not isinstance(layer, nn.Flatten)]
    assert len(kept) == len(table)
    found = outputs(layers, start)
    for layer, x, (kind, sizes, side, count) in zip(kept, found, table, strict=True):
        assert type(layer) is kind
        assert sum(p.numel() for p in layer.parameters()) == count
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            channels, kernel, stride, padding = sizes[:2], *sizes[2:]
            assert (layer.in_channels, layer.out_channels) == channels
            assert both(layer.kernel_size) == both(kernel)
            assert both(layer.stride) == both(stride)
            assert both(layer.padding) == both(padding)
            assert layer.bias is not None
            assert x.shape == (len(start), channels[1], side, side)
        elif isinstance(layer, nn.MaxPool2d):
            channels, kernel, stride, padding = sizes
            assert both(layer.kernel_size) == both(kernel)
            assert both(layer.stride) == both(stride)
            assert both(layer.padding) == both(padding)
            assert x.shape == (len(start), channels, side, side)
        elif isinstance(layer, nn.Linear):
            assert (layer.in_features, layer.out_features) == sizes
            assert layer.bias is not None
            assert x.shape == (len(start), 1)
        else:
            assert x.shape == (len(start), sizes[0], side, side)


def test_the_discriminator_is_that_of_the_table(networks: gan.GAN) -> None:
    layers = networks.discriminator.get_submodule("layers")
    assert isinstance(layers, nn.Sequential)
    rows_agree(layers, DISCRIMINATOR, images(3))


def test_the_generator_is_that_of_the_table(networks: gan.GAN) -> None:
    layers = networks.generator.get_submodule("layers")
    assert isinstance(layers, nn.Sequential)
    rows_agree(layers, GENERATOR, torch.randn(3, 128, 1, 1))


def test_all_slopes_are_a_fifth(networks: gan.GAN) -> None:
    """Kills PyTorch's default, 0.01, which passes every check of shape and range."""
    slopes = [m for m in networks.modules() if isinstance(m, nn.LeakyReLU)]
    assert len(slopes) == 4 + 3
    for layer in slopes:
        assert layer(torch.tensor(-5.0)).item() == pytest.approx(-1.0)
        assert layer(torch.tensor(5.0)).item() == 5.0


def test_no_layer_that_the_tables_lack(networks: gan.GAN) -> None:
    """Kills batch normalisation, or a layer used twice: the total is the tables'."""
    for part, table in (("discriminator", DISCRIMINATOR), ("generator", GENERATOR)):
        parameters = networks.get_submodule(part).parameters()
        assert sum(p.numel() for p in parameters) == sum(row[-1] for row in table)
        assert not list(networks.get_submodule(part).buffers())


def test_shapes_and_ranges(networks: gan.GAN) -> None:
    x = images(5)
    found = networks.discriminator.probability(x)
    assert found.shape == networks.discriminator(x).shape == (5,)
    assert ((found > 0) & (found < 1)).all()
    z = torch.randn(5, 128)
    made = networks.generator(z)
    assert made.shape == (5, 1, 32, 32)
    assert ((made > -1) & (made < 1)).all()
    assert networks.sample(2).shape == (2, 1, 32, 32)


def test_ranges_hold_at_the_ends(networks: gan.GAN) -> None:
    """Kills a missing last layer: the weights are large enough to leave the range."""
    with torch.no_grad():
        for weights in networks.parameters():
            weights.mul_(3)
    made = networks.generator(torch.randn(50, 128))
    before = networks.generator.layers[:-1](torch.randn(50, 128, 1, 1))
    assert before.abs().max() > 1 >= made.abs().max()
    logits = networks.discriminator(made)
    assert logits.abs().max() > 1
    assert ((p := networks.discriminator.probability(made)) >= 0).all()
    assert (p <= 1).all()


def test_probability_is_the_sigmoid_of_the_logit(networks: gan.GAN) -> None:
    x = images(8)
    wanted = 1 / (1 + np.exp(-networks.discriminator(x).detach().double().numpy()))
    found = networks.discriminator.probability(x).detach().numpy()
    np.testing.assert_allclose(found, wanted, rtol=1e-6)


def test_one_example_does_not_see_another(networks: gan.GAN) -> None:
    """Kills a reshape that mixes the batch, and statistics of the batch."""
    x, z = images(4), torch.randn(4, 128)
    together = networks.discriminator(x).detach(), networks.generator(z).detach()
    for row in range(4):
        alone = networks.discriminator(x[[row]]), networks.generator(z[[row]])
        for one, all_ in zip(alone, together, strict=True):
            np.testing.assert_allclose(one.detach(), all_[[row]], atol=1e-5)


def test_the_storage_changes_no_value(networks: gan.GAN) -> None:
    usual = gan.GAN(dcgan.Generator(), dcgan.Discriminator(), latent_shape=(128,))
    usual.load_state_dict(networks.state_dict())
    z, x = torch.randn(6, 128), images(6)
    assert networks.generator(z).is_contiguous(memory_format=torch.channels_last)
    for part, given in (("generator", z), ("discriminator", x)):
        ours, theirs = (g.get_submodule(part)(given) for g in (networks, usual))
        np.testing.assert_allclose(ours.detach(), theirs.detach(), atol=1e-5)


def test_wrong_images_are_refused(networks: gan.GAN) -> None:
    for wrong in (torch.zeros(2, 1, 28, 28), torch.zeros(2, 32, 32)):
        with pytest.raises(ValueError, match=r"shape \(N, 1, 32, 32\)"):
            networks.discriminator.probability(wrong)
        with pytest.raises(ValueError, match="shape"):
            dcgan.cropped(wrong)
    for level in (1.5, -2.0, np.nan):
        wrong = torch.full((2, 1, 32, 32), level)
        with pytest.raises(ValueError, match="from -1 to 1"):
            networks.discriminator.probability(wrong)
    with pytest.raises(ValueError, match="between -1 and 1"):
        gan.losses(networks, 255 * (images(2) + 1) / 2)


# Images.


def test_padding() -> None:
    given = data.mnist().test_images[:3]
    x = dcgan.padded(given)
    assert x.shape == (3, 1, 32, 32)
    assert x.dtype == torch.float32
    np.testing.assert_allclose((x[:, 0, 2:30, 2:30] + 1) * 127.5, given, atol=1e-4)
    inside = torch.zeros(32, 32, dtype=torch.bool)
    inside[2:30, 2:30] = True
    assert (x[:, 0][:, ~inside] == -1).all()
    assert (x[:, 0, 2:30, 2:30].amax(dim=(1, 2)) > 0.9).all()


def test_cropping_undoes_padding() -> None:
    given = data.mnist().test_images[:3]
    rows = given.reshape(3, 784) / 255
    np.testing.assert_allclose(dcgan.cropped(dcgan.padded(given)), rows, atol=1e-6)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((2, 32, 32), np.uint8), r"shape \(N, 28, 28\)"),
        (np.zeros((28, 28), np.uint8), r"shape \(N, 28, 28\)"),
        (np.zeros((2, 28, 28)), "uint8"),
    ],
)
def test_other_images_are_not_padded(images: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dcgan.padded(images)


# Convolutions as matrices.


def test_the_matrix_is_torch_s_convolution(rng: np.random.Generator) -> None:
    """And its transpose is torch's transposed convolution, borders included."""
    for n, kernel, stride, padding in SETTINGS:
        w, u = rng.normal(size=kernel), rng.normal(size=n)
        matrix = dcgan.convolution_matrix(w, n, stride=stride, padding=padding)
        y = rng.normal(size=len(matrix))
        w_, u_, y_ = (torch.from_numpy(a)[None, None] for a in (w, u, y))
        there = F.conv1d(u_, w_, stride=stride, padding=padding)[0, 0]
        assert len(there) == dcgan.convolution_size(n, kernel, stride, padding)
        np.testing.assert_allclose(matrix @ u, there, atol=1e-13)
        size = dcgan.transposed_size(len(y), kernel, stride, padding)
        if size > 0:
            back = F.conv_transpose1d(y_, w_, stride=stride, padding=padding)[0, 0]
            assert n - stride < size == len(back) <= n
            np.testing.assert_allclose((matrix.T @ y)[:size], back, atol=1e-13)
            assert not (matrix.T @ y)[size:].any() or padding > 0


@pytest.mark.parametrize(
    ("m", "kernel", "stride", "padding"), [(5, 4, 2, 1), (5, 3, 2, 1), (4, 5, 3, 0)]
)
def test_coverage_is_what_ones_paint(
    m: int, kernel: int, stride: int, padding: int
) -> None:
    ones = torch.ones(1, 1, m), torch.ones(1, 1, kernel)
    painted = F.conv_transpose1d(*ones, stride=stride, padding=padding)[0, 0]
    found = dcgan.coverage(m, kernel, stride, padding)
    np.testing.assert_array_equal(found, painted)


def test_the_layers_are_adjoint() -> None:
    """In two dimensions with channels: the generator's layers, transposed back."""
    torch.manual_seed(0)
    for layer in dcgan.Generator().layers:
        if isinstance(layer, nn.ConvTranspose2d):
            layer = layer.double()  # noqa: PLW2901
            y = torch.randn(1, layer.in_channels, 4, 4, dtype=torch.float64)
            settings = {"stride": layer.stride, "padding": layer.padding}
            back = F.conv_transpose2d(y, layer.weight, **settings)
            u = torch.randn_like(back)
            there = F.conv2d(u, layer.weight, **settings)
            assert there.shape == y.shape
            torch.testing.assert_close((there * y).sum(), (u * back).sum())


@pytest.mark.parametrize(
    ("n", "kernel", "stride", "padding", "message"),
    [
        (0, 1, 1, 0, "n must be a whole number"),
        (4, 3, 0, 0, "stride must be a whole number"),
        (4, 3, 1, -1, "padding must be 0 or more"),
        (2, 5, 1, 1, "does not fit"),
    ],
)
def test_impossible_convolutions(
    n: int, kernel: int, stride: int, padding: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        dcgan.convolution_matrix(np.ones(kernel), n, stride=stride, padding=padding)


@pytest.mark.parametrize(
    "layers",
    [
        [(3, 1)],
        [(3, 1), (2, 2), (3, 1)],
        [(2, 2), (4, 3), (2, 1)],
        [(3, 1), (2, 2)] * 3 + [(3, 1), (4, 4)],
    ],
)
def test_the_receptive_field_is_where_the_gradient_goes(
    layers: list[tuple[int, int]],
) -> None:
    """Convolutions with positive weights, so that nothing cancels."""
    u = torch.zeros(1, 1, 200, dtype=torch.float64, requires_grad=True)
    v = u
    for kernel, stride in layers:
        v = F.conv1d(v, torch.ones(1, 1, kernel, dtype=torch.float64), stride=stride)
    v[0, 0, v.shape[-1] // 2].backward()
    assert u.grad is not None
    assert dcgan.receptive_field(layers) == int((u.grad != 0).sum())


# Training.


def test_a_few_steps_tell_data_from_noise(networks: gan.GAN) -> None:
    """On one batch the discriminator learns; kills a sign: it would unlearn."""
    optimizers = [
        torch.optim.Adam(part.parameters(), lr=1e-3, betas=(0.5, 0.999))
        for part in (networks.generator, networks.discriminator)
    ]
    step = gan.adversarial_step(networks, optimizers[0], optimizers[1])
    x = images(32)
    history = [step(x)["discriminator"].item() for _ in range(15)]
    assert history[0] == pytest.approx(np.log(4), abs=0.05)
    assert history[-1] < 0.8 * history[0]
