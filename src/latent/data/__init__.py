"""The book's data sets: read from disk, checked against their SHA-256 sums.

All but the full Fashion-MNIST lie beside this file, so that the book builds without
a network. `CATALOGUE` says what each file is, where it comes from and on what terms.
"""

import hashlib
import io
import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32, Int, UInt8
from numpy import ndarray
from PIL import Image

from latent.data.catalogue import CATALOGUE

HERE = Path(__file__).parent


@dataclass(frozen=True, eq=False)
class LabelledImages:
    """Grey images with a class each, in the official split and order.

    Attributes:
        train_images: (N, 28, 28), grey levels 0 to 255.
        train_labels: (N,), classes 0 to 9.
        test_images: (M, 28, 28).
        test_labels: (M,).
    """

    train_images: UInt8[ndarray, "N 28 28"]
    train_labels: UInt8[ndarray, " N"]
    test_images: UInt8[ndarray, "M 28 28"]
    test_labels: UInt8[ndarray, " M"]


@dataclass(frozen=True, eq=False)
class Faces:
    """Forty people, ten photographs each, sorted by person.

    Attributes:
        images: (400, 56, 46), grey levels 0 to 255.
        person: (400,), 1 to 40.
        shot: (400,), 1 to 10.
    """

    images: UInt8[ndarray, "N H W"]
    person: UInt8[ndarray, " N"]
    shot: UInt8[ndarray, " N"]


@dataclass(frozen=True, eq=False)
class Recordings:
    """Five sources and the gains with which five microphones hear them.

    Attributes:
        sources: (53442, 5), each of mean 0 and variance 1.
        mixing: (5, 5); the microphones record `sources @ mixing.T`.
        rate: samples per second.
        names: what each source is.
    """

    sources: Float32[ndarray, "T J"]
    mixing: Float[ndarray, "J J"]
    rate: int
    names: list[str]


@dataclass(frozen=True, eq=False)
class KnownMixture:
    """Draws from a mixture of five Gaussians whose parameters are known.

    Attributes:
        x: (1000, 20).
        weights: (5,).
        means: (5, 20).
        stds: (5, 20), standard deviations: the covariances are diagonal.
        component: (1000,), the component that each row was drawn from.
    """

    x: Float[ndarray, "N D"]
    weights: Float[ndarray, " K"]
    means: Float[ndarray, "K D"]
    stds: Float[ndarray, "K D"]
    component: Int[ndarray, " N"]


def read(name: str, *, folder: Path = HERE) -> bytes:
    """The bytes of one file of the catalogue, if they are the right ones.

    Raises:
        KeyError: no such file in the catalogue.
        FileNotFoundError: the file is not in `folder`.
        ValueError: its SHA-256 sum is not that of the catalogue.
    """
    path, wanted = Path(folder) / name, CATALOGUE[name].sha256
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing; {_remedy(name)}")
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != wanted:
        raise ValueError(
            f"{path} is damaged or another file: {len(content)} bytes with SHA-256 "
            f"{found[:16]}..., wanted {wanted[:16]}...; {_remedy(name)}"
        )
    return content


def mandrill_small() -> UInt8[ndarray, "128 128 3"]:
    """The mandrill at 128 x 128 pixels; red, green and blue, 0 to 255."""
    return _image("mandrill-small.png")


def mandrill_large() -> UInt8[ndarray, "512 512 3"]:
    """The mandrill at 512 x 512 pixels; red, green and blue, 0 to 255."""
    return _image("mandrill-large.png")


def mnist() -> LabelledImages:
    """60,000 and 10,000 handwritten digits."""
    return _labelled("mnist.npz", HERE)


def fashion_mnist_subset() -> LabelledImages:
    """10,000 and 2,000 pictures of clothes, the classes equally often."""
    return _labelled("fashion_mnist_subset.npz", HERE)


def fashion_mnist(*, download: bool = False) -> LabelledImages:
    """All 60,000 and 10,000 pictures of clothes, from the folder in `LATENT_DATA`.

    Args:
        download: fetch the official files with torchvision, into `LATENT_DATA` or the
            user's cache folder, where they are not there yet.

    Raises:
        FileNotFoundError: it is in neither place; the message says what to do.
    """
    folder = os.environ.get("LATENT_DATA")
    if folder and (Path(folder) / "fashion_mnist.npz").is_file():
        return _labelled("fashion_mnist.npz", Path(folder))
    if download:
        from latent.data import official  # noqa: PLC0415, it imports torchvision

        return LabelledImages(*official.fashion_mnist(folder))
    return _labelled("fashion_mnist.npz", Path(folder) if folder else HERE)


def orl_faces() -> Faces:
    """400 faces of 40 people at 56 x 46 pixels."""
    arrays = _arrays("orl_faces.npz", HERE)
    return Faces(arrays["images"], arrays["person"], arrays["shot"])


def audio_sources() -> Recordings:
    """Two voices, a string, a siren and a drum, with five microphones' gains."""
    arrays = _arrays("audio_sources.npz", HERE)
    names = [str(name) for name in arrays["names"]]
    return Recordings(arrays["sources"], arrays["mixing"], int(arrays["rate"]), names)


def gmm_dataset() -> KnownMixture:
    """1,000 draws in 20 dimensions from five Gaussians, and the truth about them."""
    rows = np.loadtxt(io.BytesIO(read("gmm_dataset.csv")), delimiter=",")
    true = json.loads(read("gmm_dataset_true.json"))
    parts = ("weights", "means", "stds", "component_of_row")
    return KnownMixture(rows, *(np.array(true[part]) for part in parts))


def _image(name: str) -> ndarray:
    return np.array(Image.open(io.BytesIO(read(name))).convert("RGB"))


def _arrays(name: str, folder: Path) -> dict[str, ndarray]:
    return dict(np.load(io.BytesIO(read(name, folder=folder))))


def _labelled(name: str, folder: Path) -> LabelledImages:
    arrays = _arrays(name, folder)
    parts = ("train_images", "train_labels", "test_images", "test_labels")
    return LabelledImages(*(arrays[part] for part in parts))


def _remedy(name: str) -> str:
    if name == "fashion_mnist.npz":
        return (
            "set the environment variable LATENT_DATA to the folder that has it, call "
            "fashion_mnist(download=True), or use fashion_mnist_subset()"
        )
    return f"restore it with: git checkout -- src/latent/data/{name}"
