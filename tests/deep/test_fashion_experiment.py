"""How the clothes are divided, and who sees what."""

import pytest
import torch

from latent import data, experiments, pixels
from latent.data import LabelledImages
from latent.experiments import fashion
from latent.experiments.saved import new_models
from latent.train import train

SMALL = {
    "plain": {**fashion.size(2, layers=1, rate=1e-2), "labels": False, "hidden": 5},
    "told": {**fashion.size(3, layers=2, rate=1e-3), "labels": True, "hidden": 4},
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


def test_candidates_never_see_the_test_images(few, monkeypatch) -> None:
    """Kills a grid chosen by the images that final figures are taken from."""
    monkeypatch.setattr(
        fashion, "recognised", lambda *args, seed: {"normal": len(args)}
    )
    found = prepared(test=fashion.GRID.settings["test"])[1].figures()
    assert set(found) == {"told recognised, normal"}
    for final in (fashion.FINAL, fashion.PLANE):
        figures = prepared(test=final.settings["test"])[1].figures()
        assert set(figures) == {
            f"{name} test {term}" for name in SMALL for term in ("distortion", "rate")
        }


def test_samples_are_judged_class_by_class() -> None:
    """Of a model that draws its label's mean image. Kills another class's column."""
    clothes = data.fashion_mnist_subset()
    x = pixels.scaled(clothes.train_images[:1000])
    labels = torch.from_numpy(clothes.train_labels[:1000]).long()
    y = pixels.one_hot(labels, 10)
    settings = {**fashion.settings({"told": SMALL["told"]}, epochs=1)}
    told = fashion.models(settings)["told"]
    prototypes = torch.stack([x[labels == c].mean(dim=0) for c in range(10)])
    logits = prototypes.clamp(1e-4, 1 - 1e-4).logit()
    told.generative_model = lambda z, y: y @ logits  # pyright: ignore
    judge = experiments.load("classifier-fashion")["classifier"]
    read = (judge(prototypes).argmax(dim=1) == torch.arange(10))[fashion.FOUR]
    shares = fashion.recognised(told, judge, x, y, seed=0)  # pyright: ignore
    assert shares == {"normal": read.float().mean(), "mixture": read.float().mean()}
    assert read.sum() > 0


def test_the_rate_falls_to_zero_by_the_end(few) -> None:
    """Kills steps counted in epochs, and a schedule that is never advanced."""
    models, training = prepared()
    x, y = training.data
    for _ in range(2):  # epochs, of one batch each
        training.step(x, y)
    weights = first(models["told"]).clone()
    training.step(x, y)
    torch.testing.assert_close(weights, first(models["told"]), rtol=0, atol=1e-9)


def test_the_pair_has_one_shape() -> None:
    """But for the ten weights that the label needs in either network."""
    models = new_models(fashion.FINAL)
    sizes = {k: sum(p.numel() for p in m.parameters()) for k, m in models.items()}
    hidden = fashion.FINAL.settings["models"]["cvae"]["hidden"]
    assert sizes["cvae"] - sizes["vae"] == 2 * 10 * hidden
