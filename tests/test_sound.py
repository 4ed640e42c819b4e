"""Sounds in a page: length, rate, loudness, and nothing clipped."""

import base64
import io
import re
import wave

import numpy as np
import pytest

from latent import sound


def opened(file: bytes):
    with wave.open(io.BytesIO(file)) as f:
        assert (f.getnchannels(), f.getsampwidth()) == (1, 2)
        samples = np.frombuffer(f.readframes(f.getnframes()), "<i2")
        return f.getframerate(), samples


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_a_wav_file_is_the_signal_and_does_not_clip(rng, scale):
    """Kills a wrap-around at full range, a lost sample, a wrong byte order."""
    signal = scale * rng.laplace(size=5000)
    rate, samples = opened(sound.wav(signal, 11025))
    assert rate == 11025
    assert len(samples) == len(signal)
    assert 29_000 < np.abs(samples.astype(int)).max() < 32_767
    wanted = signal - signal.mean()
    factor = samples @ wanted / (wanted @ wanted)
    np.testing.assert_allclose(samples, factor * wanted, atol=0.6)


def test_silence_stays_silent():
    _, samples = opened(sound.wav(np.full(10, 3.0), 8000))
    assert not samples.any()


def test_players_hold_the_sounds_and_their_captions(rng):
    signals = [rng.normal(size=50), rng.normal(size=70)]
    page = sound.players(signals, 8000, ["a <voice>", "a drum"]).data
    assert "http" not in page
    assert page.count("<figcaption>a &lt;voice&gt;</figcaption>") == 1
    assert re.findall(r'aria-label="([^"]*)"', page) == ["a &lt;voice&gt;", "a drum"]
    found = re.findall(r"base64,([^\"]+)", page)
    lengths = [len(opened(base64.b64decode(f))[1]) for f in found]
    assert lengths == [50, 70]


@pytest.mark.parametrize("signal", [np.zeros((3, 2)), np.zeros(0), np.array([np.nan])])
def test_what_is_no_signal_is_refused(signal):
    with pytest.raises((ValueError, TypeError), match="signal"):
        sound.wav(signal, 8000)


def test_a_rate_of_zero_is_refused():
    with pytest.raises(ValueError, match="rate must be positive"):
        sound.wav(np.ones(3), 0)


def test_one_caption_a_signal():
    with pytest.raises(ValueError, match="zip"):
        sound.players([np.ones(3)], 8000, ["one", "two"])
