"""Figures and tables that chapters share."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

from latent import plots

mpl.use("agg")


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def test_an_ellipse_goes_through_the_points_two_deviations_away(rng):
    """Kills axes swapped, a radius for a diameter, degrees for radians."""
    covariance = np.array([[4.0, 1.2], [1.2, 0.9]])
    mean = np.array([1.0, -2.0])
    _, axis = plt.subplots()
    plots.ellipse(axis, mean, covariance)
    patch = axis.patches[0]
    corners = patch.get_patch_transform().transform(patch.get_path().vertices)
    d = corners[::3] - mean  # the points on the curve; the others steer it
    squared = np.einsum("ni,ij,nj->n", d, np.linalg.inv(covariance), d)
    np.testing.assert_allclose(squared, 4, rtol=1e-3)


def test_a_sheet_shows_every_image_under_its_title():
    images = [np.full((4, 6), i) for i in range(5)]
    figure = plots.image_sheet(images, list("abcde"), columns=2)
    shown = [a for a in figure.axes if a.images]
    assert [a.get_title() for a in shown] == list("abcde")
    assert [a.images[0].get_array()[0, 0] for a in shown] == [0, 1, 2, 3, 4]
    assert len(figure.axes) == 6


def test_colours_are_told_apart_without_hue():
    """Kills two colours of one lightness next to each other."""
    rgb = np.array([mpl.colors.to_rgb(c) for c in plots.COLOURS])
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    lightness = linear @ [0.2126, 0.7152, 0.0722]
    assert len(set(lightness.round(2))) == len(plots.COLOURS)


def test_a_table_is_markdown_with_the_keys_as_heads():
    shown = plots.table([{"K": 2, "error": "0.50"}, {"K": 4, "error": "0.25"}])
    lines = shown.data.splitlines()
    assert lines[0] == "| K | error |"
    assert lines[-1] == "| 4 | 0.25 |"
    assert len(lines) == 4


def test_a_curve_names_its_axes():
    _, axis = plt.subplots()
    plots.curve(axis, [3.0, 1.0], xlabel="step", ylabel="nats", label="run")
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("step", "nats")
    assert axis.get_legend().get_texts()[0].get_text() == "run"
