"""The classifiers that judge samples: one of digits, one of clothes."""

from collections.abc import Callable

import torch

from latent import data, pixels
from latent.deep.classifier import Classifier, classify, cross_entropy
from latent.experiments.experiment import Experiment, Models, Settings, Training
from latent.train import average, descend


def models(_: Settings) -> Models:
    """An untrained classifier."""
    return {"classifier": Classifier()}


def training(source: Callable[[], data.LabelledImages]) -> Callable[..., Training]:
    """How the classifier of one data set is trained."""

    def prepare(models: Models, settings: Settings) -> Training:
        images = source()
        x, y = pixels.scaled(images.train_images), images.train_labels
        test_x, test_y = pixels.scaled(images.test_images), images.test_labels
        y, test_y = torch.from_numpy(y).long(), torch.from_numpy(test_y).long()
        model = models["classifier"]
        assert isinstance(model, Classifier)
        optimizer = torch.optim.Adam(
            model.parameters(), settings["learning_rate"], fused=True
        )

        def test() -> dict[str, float]:
            return {
                f"test {name}": value
                for name, value in average(cross_entropy, model, test_x, test_y).items()
            }

        def figures() -> dict[str, float]:
            right = classify(model, test_x) == test_y
            return {"test_accuracy": right.double().mean().item()}

        return Training(
            step=descend(cross_entropy, model, optimizer),
            data=(x, y),
            state={"classifier": model, "optimizer": optimizer},
            evaluate=test,
            figures=figures,
        )

    return prepare


def settings(dataset: str, epochs: int) -> Settings:
    """Adam at its usual rate."""
    return {
        "dataset": dataset,
        "epochs": epochs,
        "batch_size": 128,
        "seed": 0,
        "learning_rate": 1e-3,
    }


MNIST = Experiment(
    "a classifier of digits, to judge samples by",
    settings("mnist.npz", 5),
    models,
    training(data.mnist),
)
FASHION = Experiment(
    "a classifier of clothes, to judge samples by",
    settings("fashion_mnist.npz", 8),
    models,
    training(data.fashion_mnist),
)
