"""A convolutional generator and discriminator for images of 32 x 32 pixels.

Their layers are those of the two tables in the chapter, one line a layer. What they are
trained by, the value V(G, D) and the alternating step, is in `latent.adversarial.gan`.
"""

import numpy as np
import torch
from jaxtyping import Float, Float32, Int
from numpy import ndarray
from torch import Tensor, nn
from torch.nn import functional as F

from latent import checks
from latent.adversarial.gan import GAN

N_LATENT = 128
SIDE = 32
SLOPE = 0.2


class Discriminator(nn.Module):
    """How much an image looks like one of the data: layers 1 to 13 of its table.

    Layer 14, the sigmoid, is in `probability`: losses take the logits.
    """

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 16, kernel_size=3, stride=1, padding=1),
            nn.LeakyReLU(SLOPE),
            nn.MaxPool2d(kernel_size=2, stride=2),
            nn.Conv2d(16, 32, kernel_size=3, stride=1, padding=1),
            nn.LeakyReLU(SLOPE),
            nn.MaxPool2d(kernel_size=2, stride=2),
            nn.Conv2d(32, 64, kernel_size=3, stride=1, padding=1),
            nn.LeakyReLU(SLOPE),
            nn.MaxPool2d(kernel_size=2, stride=2),
            nn.Conv2d(64, 128, kernel_size=3, stride=1, padding=1),
            nn.LeakyReLU(SLOPE),
            nn.MaxPool2d(kernel_size=4, stride=4),
            nn.Flatten(),
            nn.Linear(128, 1),
        )

    def forward(self, x: Float32[Tensor, "B 1 32 32"]) -> Float32[Tensor, " B"]:
        """The logit of the probability that each image is a real one."""
        return self.layers(x).squeeze(dim=1)

    def probability(self, x: Tensor) -> Float32[Tensor, " B"]:
        r"""$D(x) = \operatorname{sigmoid}(a)$, the output of the table's layer 14.

        Raises:
            ValueError: not images of 32 x 32 pixels with values from -1 to 1.
        """
        _images(x)
        return torch.sigmoid(self(x))


class Generator(nn.Module):
    """Images from standard normal vectors: the eight layers of its table."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.ConvTranspose2d(N_LATENT, 64, kernel_size=4, stride=1, padding=0),
            nn.LeakyReLU(SLOPE),
            nn.ConvTranspose2d(64, 32, kernel_size=4, stride=2, padding=1),
            nn.LeakyReLU(SLOPE),
            nn.ConvTranspose2d(32, 16, kernel_size=4, stride=2, padding=1),
            nn.LeakyReLU(SLOPE),
            nn.ConvTranspose2d(16, 1, kernel_size=4, stride=2, padding=1),
            nn.Tanh(),
        )

    def forward(self, z: Float32[Tensor, "B 128"]) -> Float32[Tensor, "B 1 32 32"]:
        """One image a row of z, grey levels from -1 to 1."""
        return self.layers(z[:, :, None, None])


def dcgan() -> GAN:
    """Both networks, untrained, their weights stored with the channels last.

    The storage changes no value; convolutions of a few channels are faster in it.
    """
    gan = GAN(
        Generator(),
        Discriminator(),
        latent_shape=(N_LATENT,),
        value_range=(-1.0, 1.0),
    )
    return gan.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def padded(images: ndarray) -> Float32[Tensor, "N 1 32 32"]:
    """Grey levels 0 to 255 as -1 to 1, with two pixels of background all around.

    Nothing is resampled: the inner 28 x 28 pixels are those of the data.

    Args:
        images: (N, 28, 28), uint8.

    Raises:
        ValueError: not 28 x 28 pixels of eight bits.
    """
    given = np.asarray(images)
    if given.ndim != 3 or given.shape[1:] != (28, 28):
        raise ValueError(f"images must have shape (N, 28, 28); got {given.shape}")
    if given.dtype != np.uint8:
        raise ValueError(f"images must be of type uint8, 0 to 255; got {given.dtype}")
    grey = torch.from_numpy(given)[:, None].float() / 127.5 - 1
    return F.pad(grey, (2, 2, 2, 2), value=-1.0)


def cropped(x: Tensor) -> Float32[Tensor, "N 784"]:
    """The inner 28 x 28 pixels, from 0 to 1, a row an image: undoes `padded`.

    Args:
        x: (N, 1, 32, 32), from -1 to 1.

    Raises:
        ValueError: not images of 32 x 32 pixels with values from -1 to 1.
    """
    _images(x)
    return ((x[:, 0, 2:-2, 2:-2] + 1) / 2).flatten(start_dim=1)


def convolution_size(n: int, kernel: int, stride: int, padding: int) -> int:
    """Numbers that come out of a convolution of n numbers (eq. `dcgan-size`)."""
    return (n + 2 * padding - kernel) // stride + 1


def transposed_size(m: int, kernel: int, stride: int, padding: int) -> int:
    """Numbers out of a transposed one of m (eq. `dcgan-transposed-size`)."""
    return stride * (m - 1) + kernel - 2 * padding


def convolution_matrix(
    w: Float[ndarray, " L"], n: int, *, stride: int, padding: int
) -> Float[ndarray, "M n"]:
    """The matrix of a convolution of n numbers with w (eq. `dcgan-matrix`).

    Raises:
        ValueError: n, the stride or the padding is not possible, or the kernel is
            longer than the padded line.
    """
    checks.count("n", n)
    checks.count("stride", stride)
    if padding < 0:
        raise ValueError(f"padding must be 0 or more; got {padding!r}")
    if len(w) > n + 2 * padding:
        raise ValueError(
            f"a kernel of {len(w)} does not fit into {n} numbers, {padding} zeros "
            "before and after them"
        )
    m = convolution_size(n, len(w), stride, padding)
    matrix = np.zeros((m, n + 2 * padding))
    for row in range(m):
        matrix[row, stride * row : stride * row + len(w)] = w
    return matrix[:, padding : padding + n]


def coverage(m: int, kernel: int, stride: int, padding: int) -> Int[ndarray, " N"]:
    """How many of m inputs reach each output, transposed (eq. `dcgan-cover`)."""
    n = transposed_size(m, kernel, stride, padding)
    painted = convolution_matrix(np.ones(kernel), n, stride=stride, padding=padding)
    return painted.sum(axis=0).astype(int)


def receptive_field(layers: list[tuple[int, int]]) -> int:
    """Pixels along a side that one output sees (eq. `dcgan-receptive`).

    Args:
        layers: (kernel, stride) of each, from the image on.
    """
    seen, step = 1, 1
    for kernel, stride in layers:
        seen, step = seen + (kernel - 1) * step, step * stride
    return seen


def _images(x: Tensor) -> None:
    """Refuse what is not a batch of images of the right size and range."""
    if x.ndim != 4 or x.shape[1:] != (1, SIDE, SIDE):
        raise ValueError(f"images must have shape (N, 1, 32, 32); got {tuple(x.shape)}")
    if not ((x >= -1) & (x <= 1)).all():  # NaN fails, too
        raise ValueError(
            "grey levels must be from -1 to 1; got "
            f"{x.min().item():g} to {x.max().item():g}"
        )
