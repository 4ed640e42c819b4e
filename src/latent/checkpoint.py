"""Trees of tensors on disk, written whole or not at all.

A tree is what `state_dict` gives: dictionaries and lists of tensors, numbers, strings
and `None`. The tensors go into a safetensors file, which holds no code; the rest goes
into its header.
"""

import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor


def write(path: Path, tree: Any) -> int:
    """Save a tree of tensors; a file already there survives until the new one is whole.

    Args:
        path: the file; its folder is made if it is missing.
        tree: dictionaries and lists of tensors, numbers, strings and `None`.

    Returns:
        The number of bytes written.

    Raises:
        OSError: the disk is full, say; what was in `path` before is still there.
    """
    tensors: dict[str, Tensor] = {}
    content = save(tensors, {"tree": json.dumps(_pack(tree, tensors))})
    write_whole(path, content)
    return len(content)


def write_whole(path: Path, content: bytes) -> None:
    """Replace the file's content, or leave the file as it was.

    Raises:
        OSError: the content could not be written.
    """
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise OSError(
            error.errno,
            f"could not save {len(content)} bytes ({error.strerror}); what the file "
            "held before is untouched: make room and start again",
            str(path),
        ) from error


def read(path: Path) -> Any:
    """The tree that `write` saved.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is truncated, or not a file that `write` made.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing")
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return _unpack(json.loads(metadata["tree"]), tensors)
    except (SafetensorError, KeyError, json.JSONDecodeError) as error:
        raise ValueError(
            f"{path} is truncated or no checkpoint of this library ({error}): restore "
            "it, or delete it to begin again"
        ) from error


def _pack(tree: Any, tensors: dict[str, Tensor]) -> Any:
    """The tree as JSON, with the tensors moved to `tensors`."""
    if isinstance(tree, Tensor):
        name = str(len(tensors))
        tensors[name] = tree.detach().clone(memory_format=torch.contiguous_format)
        # A fused optimiser walks weights and moments in memory order: keep that order.
        across = tree.ndim == 4 and not tree.is_contiguous()
        return {"tensor": name, "channels_last": across}
    if isinstance(tree, dict):
        return {"items": [[key, _pack(value, tensors)] for key, value in tree.items()]}
    if isinstance(tree, list | tuple):
        return [_pack(value, tensors) for value in tree]
    return tree


def _unpack(tree: Any, tensors: dict[str, Tensor]) -> Any:
    if isinstance(tree, list):
        return [_unpack(value, tensors) for value in tree]
    if not isinstance(tree, dict):
        return tree
    if "items" in tree:
        return {key: _unpack(value, tensors) for key, value in tree["items"]}
    tensor = tensors[tree["tensor"]]
    if tree["channels_last"]:
        return tensor.contiguous(memory_format=torch.channels_last)
    return tensor
