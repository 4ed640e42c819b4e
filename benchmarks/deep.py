"""Trainings of deep models against the usual way of writing the same training."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from benchmarks.compare import Comparison
from latent import data, pixels
from latent.deep.conditional_vae import CVAE, loss_function
from latent.deep.vae import VAE, negative_elbo
from latent.train import Terms, descend, train

ROWS, BATCH = 6000, 128  # a tenth of an epoch of MNIST, in 47 batches
torch.set_num_threads(1)


def comparisons() -> Iterator[Comparison]:
    """The rows of this part of the table."""
    yield vae_row()
    yield cvae_row()


class OneByOne(Dataset):
    """Images that are converted one at a time, when they are asked for."""

    def __init__(self, images: np.ndarray, labels: np.ndarray) -> None:
        self.images, self.labels = images, labels

    def __len__(self) -> int:
        """The number of images."""
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        """One image of shape (1, H, W), from 0 to 1, and its label."""
        image = Image.fromarray(self.images[index])
        return to_tensor(image), int(self.labels[index])


def to_tensor(image: Image.Image) -> Tensor:
    """What torchvision's `ToTensor` does with a grey picture.

    (Its builds for GPUs cannot be imported beside a PyTorch for the CPU.)
    """
    levels = torch.from_numpy(np.array(image, np.uint8, copy=True))
    levels = levels.view(image.size[1], image.size[0], 1)
    return levels.permute(2, 0, 1).contiguous().to(torch.get_default_dtype()).div(255)


def dataloader_epoch(
    step: Callable[[Tensor, Tensor], Terms],
    images: np.ndarray,
    labels: np.ndarray,
    *,
    seed: int = 0,
) -> list[np.ndarray]:
    """An epoch as it is usually written: a Dataset of single images, a DataLoader.

    It draws the random numbers that `train` draws, so that the terms can be compared.

    Args:
        step: `step(x, labels)` makes one update on images of shape (B, D) and returns
            its named terms.
        images: (N, H, W), grey levels from 0 to 255.
        labels: (N,).
        seed: that of `train`.

    Returns:
        The mean of each term, in the order of their names.
    """
    totals: dict[str, float] = {}
    with torch.random.fork_rng(devices=[]):
        first = np.random.SeedSequence([seed, 0]).generate_state(1)[0]
        torch.manual_seed(int(first))
        loader = DataLoader(
            OneByOne(images, labels),
            BATCH,
            sampler=torch.randperm(len(images)).tolist(),
            generator=torch.Generator(),
        )
        for x, y in loader:
            for name, term in step(x.flatten(1), y).items():
                share = len(x) / len(images)
                totals[name] = totals.get(name, 0.0) + share * term.item()
    return [np.array(totals[name]) for name in sorted(totals)]


def terms(history: list[dict[str, float]]) -> list[np.ndarray]:
    """What `train` reports of one epoch, in the form of `dataloader_epoch`."""
    return [np.array(history[0][name]) for name in sorted(history[0])]


def vae_row() -> Comparison:
    """A tenth of an epoch of the chapter's autoencoder, from the same weights."""
    mnist = data.mnist()
    images, labels = mnist.train_images[:ROWS], mnist.train_labels[:ROWS]
    x = pixels.scaled(images)

    def step(*, fused: bool) -> Callable[..., Terms]:
        torch.manual_seed(0)
        vae = VAE(784, 20)
        adam = torch.optim.Adam(vae.parameters(), 1e-3, fused=fused or None)
        return descend(negative_elbo, vae, adam)

    def theirs() -> list[np.ndarray]:
        usual = step(fused=False)
        return dataloader_epoch(lambda x, _: usual(x), images, labels)

    def ours() -> list[np.ndarray]:
        options = {"batch_size": BATCH, "seed": 0, "progress": False}
        return terms(train(step(fused=True), x, epochs=1, **options))

    return Comparison(
        work=f"VAE, {ROWS} digits, batch {BATCH}",
        peer="DataLoader",
        theirs=theirs,
        ours=ours,
        goal=2.7,
        rounds=5,
    )


def cvae_row() -> Comparison:
    """The same with labels, which the usual way makes one-hot batch by batch."""
    mnist = data.mnist()
    images, labels = mnist.train_images[:ROWS], mnist.train_labels[:ROWS]
    x, y = pixels.scaled(images), pixels.one_hot(torch.from_numpy(labels), 10)

    def step(*, fused: bool) -> Callable[..., Terms]:
        torch.manual_seed(0)
        cvae = CVAE(784, 10, 10)
        adam = torch.optim.Adam(cvae.parameters(), 1e-3, fused=fused or None)
        return descend(loss_function, cvae, adam)

    def theirs() -> list[np.ndarray]:
        usual = step(fused=False)

        def with_labels(x: Tensor, labels: Tensor) -> Terms:
            return usual(x, pixels.one_hot(labels, 10))

        return dataloader_epoch(with_labels, images, labels)

    def ours() -> list[np.ndarray]:
        options = {"batch_size": BATCH, "seed": 0, "progress": False}
        return terms(train(step(fused=True), x, y, epochs=1, **options))

    return Comparison(
        work=f"conditional VAE, {ROWS} digits, batch {BATCH}",
        peer="DataLoader",
        theirs=theirs,
        ours=ours,
        rounds=5,
    )
