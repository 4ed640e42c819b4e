"""Grey images as the rows of a tensor, and what a model asks of them."""

import torch
from jaxtyping import Float, Integer, UInt8
from numpy import ndarray
from torch import Tensor


def scaled(images: UInt8[ndarray, "N H W"]) -> Float[Tensor, "N D"]:
    """Images as rows of D = H W grey levels from 0 to 1, in single precision.

    Raises:
        ValueError: not whole grey levels from 0 to 255 in (N, H, W), or no image.
    """
    if images.ndim != 3 or images.dtype.kind != "u" or images.size == 0:
        raise ValueError(
            "images must have shape (N, H, W), N at least 1, and whole grey levels 0 "
            f"to 255 (uint8); got shape {images.shape} of {images.dtype}"
        )
    return torch.from_numpy(images).flatten(1).float() / 255


def binarized(
    x: Float[Tensor, "N D"], *, generator: torch.Generator | None = None
) -> Float[Tensor, "N D"]:
    """Zeros and ones, each pixel a one with the probability that its grey level says.

    Args:
        x: grey levels from 0 to 1.
        generator: None takes torch's global one, as a training step does.
    """
    return torch.bernoulli(x, generator=generator)


def check(x: Float[Tensor, "N D"], n_pixels: int) -> None:
    """Refuse rows that are not `n_pixels` grey levels from 0 to 1.

    Raises:
        ValueError: says what was given and what is wanted.
    """
    if x.ndim != 2 or x.shape[1] != n_pixels or len(x) == 0:
        raise ValueError(
            f"images must be rows of {n_pixels} pixels, shape (N, {n_pixels}); got "
            f"{tuple(x.shape)}"
        )
    inside = (x >= 0) & (x <= 1)  # false of NaN, too
    if not inside.all():
        row, column = (int(i) for i in (~inside).nonzero()[0])
        raise ValueError(
            f"pixels must lie from 0 to 1; x[{row}, {column}] is "
            f"{x[row, column].item():g}: divide grey levels by 255"
        )


def one_hot(labels: Integer[Tensor, " N"], n_classes: int) -> Float[Tensor, "N C"]:
    """A one in the column of each row's label, zeros elsewhere.

    Raises:
        ValueError: a label that is no whole number from 0 to C - 1.
    """
    whole = labels.ndim == 1 and not (labels.is_floating_point() or labels.is_complex())
    if not whole:
        raise ValueError(
            f"labels must be a vector of whole numbers; got {labels.dtype} of shape "
            f"{tuple(labels.shape)}"
        )
    bad = (labels < 0) | (labels >= n_classes)
    if bad.any():
        row = int(bad.nonzero()[0])
        raise ValueError(
            f"labels must be 0 to {n_classes - 1}; labels[{row}] is {int(labels[row])}"
        )
    return torch.nn.functional.one_hot(labels.long(), n_classes).float()
