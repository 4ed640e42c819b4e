"""The loaders: the right values, and clear words when a file is missing or damaged."""

import hashlib

import numpy as np
import pytest

from latent import data
from latent.data.catalogue import CATALOGUE

COMMITTED = [name for name, file in CATALOGUE.items() if file.committed]


@pytest.mark.parametrize("name", COMMITTED)
def test_every_committed_file_has_the_sum_of_the_catalogue(name):
    content = (data.HERE / name).read_bytes()
    assert hashlib.sha256(content).hexdigest() == CATALOGUE[name].sha256


def test_no_data_file_lies_outside_the_catalogue():
    kinds = {".npz", ".png", ".csv", ".json", ".wav"}
    found = {path.name for path in data.HERE.iterdir() if path.suffix in kinds}
    assert found == set(COMMITTED)


def test_mnist_is_the_official_one():
    digits = data.mnist()
    assert digits.train_images.shape == (60000, 28, 28)
    assert digits.test_images.shape == (10000, 28, 28)
    assert digits.train_labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert round(digits.train_images.mean() / 255, 4) == 0.1307
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(digits.train_labels).tolist() == counts


def test_the_fashion_subset_is_balanced():
    clothes = data.fashion_mnist_subset()
    assert np.bincount(clothes.train_labels).tolist() == [1000] * 10
    assert np.bincount(clothes.test_labels).tolist() == [200] * 10


def test_the_small_mandrill_is_the_large_one_averaged():
    small, large = data.mandrill_small(), data.mandrill_large()
    mean = large.reshape(128, 4, 128, 4, 3).mean(axis=(1, 3))
    np.testing.assert_array_equal(small, np.floor(mean + 0.5))


def test_faces_are_ten_shots_of_forty_people():
    faces = data.orl_faces()
    assert faces.images.shape == (400, 56, 46)
    np.testing.assert_array_equal(faces.person, np.repeat(np.arange(1, 41), 10))


def test_sources_are_standardised_and_the_mixing_invertible():
    sound = data.audio_sources()
    np.testing.assert_allclose(sound.sources.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(sound.sources.var(axis=0), 1, atol=1e-3)
    assert np.linalg.cond(sound.mixing) < 10
    assert (sound.rate, len(sound.names)) == (11025, 5)


def test_the_known_mixture_fits_its_own_parameters():
    """Kills rows and components out of step."""
    known = data.gmm_dataset()
    residual = (known.x - known.means[known.component]) / known.stds[known.component]
    assert abs(residual.std() - 1) < 0.01
    assert np.bincount(known.component).tolist() == [294, 258, 200, 153, 95]


def test_a_missing_file_is_named_with_its_remedy(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"mnist\.npz is missing; restore it"):
        data.read("mnist.npz", folder=tmp_path)


@pytest.mark.parametrize("damage", ["truncated", "changed", "empty"])
def test_a_damaged_file_is_named_with_both_sums(tmp_path, damage):
    good = data.read("gmm_dataset.csv")
    bad = {"truncated": good[:-5], "changed": b"9" + good[1:], "empty": b""}[damage]
    (tmp_path / "gmm_dataset.csv").write_bytes(bad)
    with pytest.raises(ValueError, match=r"damaged.*SHA-256.*wanted 87568324ea45"):
        data.read("gmm_dataset.csv", folder=tmp_path)


def test_a_file_that_nobody_knows(tmp_path):
    with pytest.raises(KeyError, match="nothing"):
        data.read("nothing.npz", folder=tmp_path)


@pytest.mark.parametrize("set_to", [None, "an empty folder"])
def test_full_fashion_mnist_says_how_to_get_it(monkeypatch, tmp_path, set_to):
    monkeypatch.delenv("LATENT_DATA", raising=False)
    if set_to:
        monkeypatch.setenv("LATENT_DATA", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r"LATENT_DATA.*download=True.*subset"):
        data.fashion_mnist()


def test_a_damaged_full_fashion_mnist(monkeypatch, tmp_path):
    (tmp_path / "fashion_mnist.npz").write_bytes(b"not a zip")
    monkeypatch.setenv("LATENT_DATA", str(tmp_path))
    with pytest.raises(ValueError, match="damaged or another file: 9 bytes"):
        data.fashion_mnist()


def test_torchvision_imports_beside_a_cpu_build_of_torch():
    """Kills an import of torchvision before its operators' schemas are declared."""
    official = pytest.importorskip("latent.data.official")
    assert hasattr(official.import_datasets(), "FashionMNIST")


def test_official_files_are_read_through_torchvision(monkeypatch, tmp_path, rng):
    """Kills images and labels, or training and test, in the wrong order."""
    raw = tmp_path / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    wanted = []
    for part, n in (("train", 3), ("t10k", 2)):
        images = rng.integers(0, 256, (n, 28, 28), dtype=np.uint8)
        labels = rng.integers(0, 10, n, dtype=np.uint8)
        head = np.array([2051, n, 28, 28], dtype=">i4").tobytes()
        (raw / f"{part}-images-idx3-ubyte").write_bytes(head + images.tobytes())
        head = np.array([2049, n], dtype=">i4").tobytes()
        (raw / f"{part}-labels-idx1-ubyte").write_bytes(head + labels.tobytes())
        wanted += [images, labels]
    monkeypatch.setenv("LATENT_DATA", str(tmp_path))
    found = data.fashion_mnist(download=True)
    for array, name in zip(wanted, vars(found), strict=True):
        np.testing.assert_array_equal(getattr(found, name), array)
