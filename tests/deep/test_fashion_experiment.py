"""How the clothes are divided, and who sees what."""

import pytest
import torch

from latent import data, pixels
from latent.data import LabelledImages
from latent.experiments import fashion
from latent.experiments.saved import new_models
from latent.train import train

SMALL = {
    "plain": {"labels": False, "latent": 2, "hidden": 5, "learning_rate": 1e-2},
    "told": {"labels": True, "latent": 3, "hidden": 4, "learning_rate": 1e-3},
}


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> LabelledImages:
    clothes = data.fashion_mnist_subset()
    some = LabelledImages(
        clothes.train_images[:50],
        clothes.train_labels[:50],
        clothes.test_images[:20],
        clothes.test_labels[:20],
    )
    monkeypatch.setattr(data, "fashion_mnist", lambda: some)
    return some


def prepared(**changes):
    settings = {**fashion.settings(SMALL, epochs=2), "test": True, **changes}
    torch.manual_seed(0)
    models = fashion.models(settings)
    return models, fashion.training(models, settings)


def first(model: torch.nn.Module) -> torch.Tensor:
    return next(model.parameters())


def test_every_row_is_either_trained_on_or_held_back() -> None:
    """Kills an overlap, and the first rows held back instead of random ones."""
    trained, held_back = fashion.split(1000, 0.2, 3)
    assert len(held_back) == 200
    assert torch.equal(torch.cat([trained, held_back]).sort()[0], torch.arange(1000))
    assert held_back.max() > 900
    assert not torch.equal(held_back, fashion.split(1000, 0.2, 4)[1])


def test_training_images_are_not_those_of_the_validation(few: LabelledImages) -> None:
    """Nor do images lose their labels. Kills rows and labels shuffled differently."""
    _, training = prepared()
    x, y = training.data
    assert len(x) == 40
    all_x = pixels.scaled(few.train_images)
    where = torch.stack([(all_x == row).all(dim=1).nonzero()[0, 0] for row in x])
    assert set(where.tolist()) == set(fashion.split(50, 0.2, 0)[0].tolist())
    assert y.argmax(dim=1).tolist() == few.train_labels[where].tolist()


def test_every_model_learns_and_its_noise_in_validation_is_the_same(few) -> None:
    """Kills a step for one model only, and values that depend on the generator."""
    models, training = prepared()
    assert training.evaluate
    before = training.evaluate()
    torch.rand(3)
    assert before == training.evaluate()
    weights = {k: first(m).clone() for k, m in models.items()}
    history = train(
        training.step, *training.data, epochs=2, seed=0, evaluate=training.evaluate,
        state=training.state, progress=False,
    )  # fmt: skip
    terms = {"distortion", "rate", "validation distortion", "validation rate"}
    assert set(history[-1]) == {f"{name} {term}" for name in SMALL for term in terms}
    for name, model in models.items():
        assert not torch.equal(weights[name], first(model))
        after = history[-1][f"{name} validation distortion"]
        assert after < before[f"{name} validation distortion"]


def test_the_plain_model_does_not_see_the_label(few) -> None:
    models, training = prepared()
    x, y = training.data
    for name, seen in (("plain", False), ("told", True)):
        found = []
        for label in (y, y.roll(1, dims=1)):
            torch.manual_seed(1)
            found.append(fashion.loss(models[name], x, label)["distortion"].item())
        assert (found[0] != found[1]) is seen


def test_candidates_never_see_the_test_images(few) -> None:
    """Kills a grid chosen by the images that final figures are taken from."""
    assert not prepared(test=fashion.GRID.settings["test"])[1].figures()
    for final in (fashion.FINAL, fashion.PLANE):
        figures = prepared(test=final.settings["test"])[1].figures()
        assert set(figures) == {
            f"{name} test {term}" for name in SMALL for term in ("distortion", "rate")
        }


def test_the_pair_has_one_shape() -> None:
    """But for the ten weights that the label needs in either network."""
    models = new_models(fashion.FINAL)
    sizes = {k: sum(p.numel() for p in m.parameters()) for k, m in models.items()}
    hidden = fashion.FINAL.settings["models"]["cvae"]["hidden"]
    assert sizes["cvae"] - sizes["vae"] == 2 * 10 * hidden
