"""The checks of input that no entry's own test reaches."""

import pytest

from latent import checks


@pytest.mark.parametrize("value", [2.5, float("nan"), True, 0, -3])
def test_a_count_is_a_whole_number_from_one(value):
    """Kills `value < 1` alone, which lets 2.5 and True through."""
    with pytest.raises(ValueError, match=f"k must be a whole number.*got {value!r}"):
        checks.count("k", value)


def test_a_count_may_reach_its_limit():
    checks.count("k", 3, at_most=3, of="rows")
    with pytest.raises(ValueError, match="k is 4, but there are only 3 rows"):
        checks.count("k", 4, at_most=3, of="rows")
