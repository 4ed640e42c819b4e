"""Files of tensors: nothing lost on the way, nor when the disk is full."""

import resource
import subprocess
import sys
import textwrap

import pytest
import torch

from latent import checkpoint

TREE = {
    "weights": torch.arange(6, dtype=torch.float16).reshape(2, 3),
    "groups": [{"lr": 0.1, "betas": [0.9, 0.999], "on": True, "none": None}],
    "state": {0: {"step": torch.tensor(3.0)}, 1: {"step": torch.tensor(4.0)}},
    "name": "adam",
}


def test_a_tree_comes_back_as_it_was(tmp_path):
    """Kills keys that turn from numbers into strings, and lost types."""
    size = checkpoint.write(tmp_path / "new" / "tree", TREE)
    assert (tmp_path / "new" / "tree").stat().st_size == size
    back = checkpoint.read(tmp_path / "new" / "tree")
    assert torch.equal(back.pop("weights"), TREE["weights"])
    assert back["groups"] == TREE["groups"]
    assert {key: value["step"].item() for key, value in back["state"].items()} == {
        0: 3.0,
        1: 4.0,
    }
    assert back["name"] == "adam"


def test_shared_and_strided_tensors_are_saved_by_value(tmp_path):
    base = torch.arange(12.0).reshape(3, 4)
    checkpoint.write(tmp_path / "tree", {"row": base[1], "turned": base.T})
    back = checkpoint.read(tmp_path / "tree")
    assert torch.equal(back["row"], base[1])
    assert torch.equal(back["turned"], base.T)


def test_memory_order_of_images_is_kept(tmp_path):
    across = torch.rand(2, 3, 4, 5).to(memory_format=torch.channels_last)
    checkpoint.write(tmp_path / "tree", {"x": across})
    back = checkpoint.read(tmp_path / "tree")["x"]
    assert torch.equal(back, across)
    assert back.stride() == across.stride()


SCRIPT = """
    import resource, sys
    from pathlib import Path
    import torch
    from latent import checkpoint
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
    try:
        checkpoint.write(Path(sys.argv[1]), {"x": torch.ones(10_000)})
    except OSError as error:
        print(error)
"""


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="no such limit here")
def test_a_full_disk_leaves_what_was_saved_before(tmp_path):
    """The system itself refuses to write more than 4,096 bytes."""
    path = tmp_path / "tree"
    checkpoint.write(path, {"x": torch.zeros(5)})
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SCRIPT), str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "could not save" in done.stdout
    assert "untouched" in done.stdout
    assert torch.equal(checkpoint.read(path)["x"], torch.zeros(5))
    assert [file.name for file in tmp_path.iterdir()] == ["tree"]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere is missing"):
        checkpoint.read(tmp_path / "nowhere")


@pytest.mark.parametrize("content", [b"", b"not tensors at all", b"\x10" + bytes(30)])
def test_another_file_is_refused(tmp_path, content):
    path = tmp_path / "tree"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="truncated or no checkpoint"):
        checkpoint.read(path)


@pytest.mark.parametrize("kept", [10, 200, -1])
def test_a_truncated_file_is_refused(tmp_path, kept):
    path = tmp_path / "tree"
    checkpoint.write(path, TREE)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(ValueError, match="truncated or no checkpoint"):
        checkpoint.read(path)
