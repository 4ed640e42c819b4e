"""Fashion-MNIST's official files, through torchvision."""

from pathlib import Path

import numpy as np
import torch
from numpy import ndarray

CACHE = Path.home() / ".cache" / "latent"


def import_datasets():
    """`torchvision.datasets`, also where torch is a build for the CPU only.

    torchvision's wheels register operators for CUDA at import. Without a CUDA build of
    torch their schemas are missing, so they are declared first; nothing calls them.
    """
    library = torch.library.Library("torchvision", "FRAGMENT")
    schema = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
    for operator in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, operator):
            library.define(operator + schema)
    from torchvision import datasets  # noqa: PLC0415, after the schemas

    return datasets


def fashion_mnist(folder: str | None) -> list[ndarray]:
    """Training images and labels, test images and labels, as unsigned bytes.

    Args:
        folder: where the files are or go; None is the user's cache folder.
    """
    datasets = import_datasets()
    arrays = []
    for train in (True, False):
        part = datasets.FashionMNIST(Path(folder or CACHE), train=train, download=True)
        arrays += [part.data.numpy(), part.targets.numpy().astype(np.uint8)]
    return arrays
