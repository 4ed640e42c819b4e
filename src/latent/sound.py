"""Sounds to be heard in a page, without another file or host."""

import base64
import html
import io
import wave
from collections.abc import Sequence

import numpy as np
from IPython.display import HTML
from jaxtyping import Float
from numpy import ndarray

PEAK = 0.9  # of what 16 bits hold: loud, and nowhere near clipping


def wav(signal: Float[ndarray, " N"], rate: int) -> bytes:
    """A mono WAV file of 16 bits, as loud as it can be without clipping.

    Args:
        signal: (N,) samples in any unit; their mean is taken for silence.
        rate: samples in a second.

    Raises:
        ValueError: not one axis of finite numbers, or a rate that is not positive.
    """
    if signal.ndim != 1 or signal.size == 0 or not np.isfinite(signal).all():
        raise ValueError(
            f"a signal must be finite numbers along one axis; got shape {signal.shape}"
        )
    if not rate > 0:
        raise ValueError(f"rate must be positive, in samples a second; got {rate!r}")
    centred = signal - signal.mean()
    loudest = np.abs(centred).max() or 1.0
    levels = np.rint(PEAK * (2**15 - 1) / loudest * centred).astype("<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(levels.tobytes())
    return file.getvalue()


def players(signals: Sequence[ndarray], rate: int, captions: Sequence[str]) -> HTML:
    """An audio player for each signal, with a caption that says what is to be heard.

    The sounds are in the page itself; the captions are what a screen reader announces.
    """
    figures = []
    for signal, caption in zip(signals, captions, strict=True):
        text = html.escape(caption)
        sound = base64.b64encode(wav(signal, rate)).decode()
        figures.append(
            f'<figure class="sound"><figcaption>{text}</figcaption>'
            f'<audio controls preload="metadata" aria-label="{text}" '
            f'src="data:audio/wav;base64,{sound}"></audio></figure>'
        )
    return HTML("\n".join(figures))
