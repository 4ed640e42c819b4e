"""Images as rows of grey levels, and what is refused."""

import numpy as np
import pytest
import torch

from latent import pixels


def test_grey_levels_come_from_0_to_1_row_by_row():
    images = np.array([[[0, 51, 255], [255, 0, 102]]], dtype=np.uint8)
    wanted = torch.tensor([[0, 0.2, 1, 1, 0, 0.4]])
    assert torch.allclose(pixels.scaled(images), wanted)


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((2, 9), dtype=np.uint8),
        np.zeros((2, 3, 3), dtype=np.float64),
        np.zeros((0, 3, 3), dtype=np.uint8),
    ],
)
def test_other_arrays_are_no_images(images):
    with pytest.raises(Exception, match=r"\(N, H, W\)|UInt8"):
        pixels.scaled(images)


def test_binary_pixels_have_the_grey_level_as_their_mean():
    x = torch.tensor([[0.0, 0.25, 1.0]]).repeat(20_000, 1)
    drawn = pixels.binarized(x, generator=torch.Generator().manual_seed(0))
    assert set(drawn.unique().tolist()) == {0.0, 1.0}
    assert torch.allclose(drawn.mean(dim=0), x[0], atol=0.015)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (torch.zeros(2, 5), r"rows of 4 pixels.* got \(2, 5\)"),
        (torch.zeros(0, 4), r"got \(0, 4\)"),
        (torch.tensor([[0, 0, 1.5, 0]]), r"x\[0, 2\] is 1.5: divide grey levels by"),
        (torch.tensor([[0, -0.1, 0, 0]]), r"x\[0, 1\] is -0.1"),
        (torch.tensor([[0, 0, 0, float("nan")]]), r"x\[0, 3\] is nan"),
    ],
)
def test_bad_pixels_are_refused(x, message):
    with pytest.raises(ValueError, match=message):
        pixels.check(x, 4)


def test_one_hot_marks_the_label():
    found = pixels.one_hot(torch.tensor([2, 0]), 3)
    assert found.tolist() == [[0, 0, 1], [1, 0, 0]]


@pytest.mark.parametrize(
    ("label", "message"), [(10, r"0 to 9; labels\[1\] is 10"), (-1, "is -1")]
)
def test_labels_out_of_range_are_refused(label, message):
    with pytest.raises(ValueError, match=message):
        pixels.one_hot(torch.tensor([3, label]), 10)
