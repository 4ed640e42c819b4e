"""The experiments: they run, resume, repeat, and their results are what they say."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from latent import checkpoint, data, experiments
from latent.data.catalogue import CATALOGUE
from latent.experiments import __main__ as command
from latent.experiments import runner, saved
from latent.experiments.catalogue import EXPERIMENTS
from latent.experiments.experiment import Experiment, Training
from latent.train import average, descend

MOST_BYTES = {"nice": 12.5e6}
CHECKED_STEPS = 3


def models(settings):
    return {"line": nn.Linear(2, settings["outputs"]), "other": nn.Linear(1, 1)}


def loss(model, x, y):
    return {"error": (model(x + 0.1 * torch.randn_like(x)) - y).square().mean()}


def training(models, settings):
    model = models["line"]
    x = torch.linspace(-1, 1, 600).reshape(300, 2)
    y = x @ torch.tensor([[2.0], [1.0]])
    optimizer = torch.optim.Adam(model.parameters(), settings["rate"])
    return Training(
        step=descend(loss, model, optimizer),
        data=(x, y),
        state={"line": model, "optimizer": optimizer},
        evaluate=lambda: {"test error": average(loss, model, x, y)["error"]},
        figures=lambda: {"slope": model.weight[0, 0].item()},
    )


SETTINGS = {
    "dataset": "mnist.npz",
    "epochs": 4,
    "batch_size": 20,
    "seed": 2,
    "rate": 0.05,
    "outputs": 1,
}
TOY = Experiment(
    "a line",
    SETTINGS,
    models,
    training,
    snapshots=(2,),
    snapshot="line",
    publish=("line",),
)


@pytest.fixture
def toy(monkeypatch):
    monkeypatch.setitem(EXPERIMENTS, "toy", TOY)
    return "toy"


def test_a_run_writes_what_the_chapters_read(toy, tmp_path):
    manifest = runner.run(toy, folder=tmp_path, progress=False)
    assert saved.manifest(toy, folder=tmp_path) == manifest
    assert {file.name for file in (tmp_path / toy).iterdir()} == {
        "weights.safetensors",
        "epoch-02.safetensors",
        "history.json",
        "manifest.json",
    }
    found = saved.load(toy, folder=tmp_path)
    assert set(found) == {"line"}
    assert not found["line"].training
    assert found["line"].weight[0, 0].item() == manifest["figures"]["slope"]
    assert manifest["figures_in_single_precision"]["slope"] == pytest.approx(
        manifest["figures"]["slope"], rel=1e-3
    )
    assert manifest["data_sha256"] == CATALOGUE["mnist.npz"].sha256
    history = saved.history(toy, folder=tmp_path)
    assert [set(epoch) for epoch in history] == [{"error", "test error"}] * 4
    early = saved.load_snapshot(toy, 2, folder=tmp_path)
    assert not torch.equal(early.weight, found["line"].weight)


def test_an_interrupted_experiment_ends_with_the_same_files(toy, tmp_path, monkeypatch):
    runner.run(toy, folder=tmp_path / "whole", progress=False)
    end_of_epoch = runner.Log.end_of_epoch

    def stop(log):
        end_of_epoch(log)
        if len(log.seconds) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(runner.Log, "end_of_epoch", stop)
    with pytest.raises(KeyboardInterrupt):
        runner.run(toy, folder=tmp_path / "parts", progress=False)
    assert runner.state(toy, folder=tmp_path / "parts") == "interrupted"
    monkeypatch.undo()
    monkeypatch.setitem(EXPERIMENTS, "toy", TOY)
    manifest = runner.run(toy, folder=tmp_path / "parts", progress=False)
    assert manifest["seconds"] >= 0
    for name in ("weights.safetensors", "epoch-02.safetensors", "history.json"):
        one, other = (tmp_path / part / toy / name for part in ("whole", "parts"))
        assert one.read_bytes() == other.read_bytes(), name
    assert runner.state(toy, folder=tmp_path / "parts") == "done"


def test_the_first_steps_repeat_and_a_change_is_noticed(toy, tmp_path, monkeypatch):
    runner.run(toy, folder=tmp_path, progress=False)
    assert runner.check(toy, folder=tmp_path) < 1e-6
    other = Experiment("a line", {**SETTINGS, "rate": 0.06}, models, training)
    monkeypatch.setitem(EXPERIMENTS, "toy", other)
    with pytest.raises(ValueError, match=r"'error' in step 2 is .* recorded was"):
        runner.check(toy, folder=tmp_path)


def test_what_is_missing_says_how_to_make_it(toy, tmp_path):
    assert runner.state(toy, folder=tmp_path) == "missing"
    for read in (saved.load, saved.history, saved.manifest):
        with pytest.raises(FileNotFoundError, match=r"-m latent\.experiments toy"):
            read(toy, folder=tmp_path)
    with pytest.raises(ValueError, match="no experiment 'tox'; there are"):
        saved.load("tox")
    with pytest.raises(ValueError, match=r"snapshots of epochs \[2\]; asked for 3"):
        saved.load_snapshot(toy, 3)


def test_half_precision_keeps_whole_numbers():
    """The count of batches that a normalisation has seen is no weight."""
    state = {"weight": torch.ones(2), "seen": torch.tensor(70_000)}
    assert saved.halved(state)["seen"].item() == 70_000
    assert saved.halved(state)["weight"].dtype == torch.float16


def test_the_command_lists_and_refuses(capsys):
    assert command.main([]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in listed[1:]] == list(EXPERIMENTS)
    assert command.main(["nothing"]) == 1
    assert "no experiment 'nothing'" in capsys.readouterr().err


@pytest.mark.parametrize("name", EXPERIMENTS)
class TestResults:
    def test_every_experiment_is_done_with_the_settings_it_has_now(self, name):
        assert runner.state(name) == "done"
        found = experiments.manifest(name)
        wanted = json.loads(json.dumps(dict(EXPERIMENTS[name].settings)))
        assert found["settings"] == wanted
        assert found["data_sha256"] == CATALOGUE[wanted["dataset"]].sha256
        assert len(experiments.history(name)) == wanted["epochs"]

    def test_its_weights_load_and_fit_the_limit(self, name):
        files = list((saved.RESULTS / name).glob("*.safetensors"))
        largest = max((file.stat().st_size for file in files), default=0)
        assert largest <= MOST_BYTES.get(name, 5e6)
        for model in experiments.load(name).values():
            for weights in model.state_dict().values():
                assert torch.isfinite(weights).all()
        for epoch in EXPERIMENTS[name].snapshots:
            experiments.load_snapshot(name, epoch)

    def test_half_precision_does_not_change_its_figures(self, name):
        found = experiments.manifest(name)
        exact = found["figures_in_single_precision"]
        for figure, value in found["figures"].items():
            assert np.isclose(value, exact[figure], rtol=5e-3, atol=2e-3), figure

    def test_its_first_steps_repeat(self, name):
        """Experiments on data that are not here can be repeated where they are."""
        dataset = EXPERIMENTS[name].settings["dataset"]
        folder = Path(os.environ.get("LATENT_DATA", data.HERE))
        if not (data.HERE / dataset).is_file() and not (folder / dataset).is_file():
            pytest.skip(f"{dataset} is not here: set LATENT_DATA")
        assert runner.check(name, steps=CHECKED_STEPS) < 1e-3


def test_all_results_fit_the_limit():
    """30 MB together, beside the 12 MB that the largest flow may take."""
    total = sum(file.stat().st_size for file in saved.RESULTS.rglob("*.safetensors"))
    assert total <= 42e6


def test_no_results_without_an_experiment():
    """Kills weights that nobody can make again."""
    folders = {path.name for path in saved.RESULTS.iterdir() if path.is_dir()}
    assert folders <= set(EXPERIMENTS)


def test_weights_of_another_model_are_refused(toy, tmp_path):
    runner.run(toy, folder=tmp_path, progress=False)
    wrong = {"line": nn.Linear(3, 1).state_dict()}
    checkpoint.write(tmp_path / toy / "weights.safetensors", wrong)
    with pytest.raises(ValueError, match="of another model"):
        saved.load(toy, folder=tmp_path)
