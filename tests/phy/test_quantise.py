import math

import pytest
import torch

from gensc.errors import InputError
from gensc.phy.quantise import Uniform
from gensc.rng import Rng


@pytest.mark.parametrize("bits", range(1, 17))
def test_the_error_is_that_of_the_step(bits):
    """At most half a step within the range, a twelfth of the step squared in the mean at many bits."""
    x = Rng.seeded(3, "tests", "quantise").normal(200_000)[0].clamp(-6, 6)
    quantiser = Uniform.over(-6, 6, bits)
    index = quantiser.index(x)
    assert index.dtype == torch.int32 and int(index.min()) >= 0 and int(index.max()) < 2**bits
    assert torch.equal(quantiser.index(quantiser.value(index)), index)
    off = (quantiser.value(index) - x).double()
    assert float(off.abs().max()) <= quantiser.step / 2 + 1e-6
    if bits >= 8:
        assert float(off.square().mean()) == pytest.approx(quantiser.step**2 / 12, rel=0.01)


def test_what_lies_beyond_becomes_the_outermost_level():
    quantiser = Uniform.over(-2.0, 1.5, 3)
    index = quantiser.index(torch.tensor([-1e30, -math.inf, 0.0, math.inf, 1e30]))
    assert index.tolist() == [0, 0, 4, 7, 7]
    assert quantiser.value(index).tolist() == [-2.0, -2.0, 0.0, 1.5, 1.5]


@pytest.mark.parametrize("make", [
    lambda: Uniform(0.0, 4, 0.0), lambda: Uniform(0.1, 0, 0.0), lambda: Uniform(0.1, 17, 0.0),
    lambda: Uniform(math.nan, 4, 0.0), lambda: Uniform(0.1, 4, math.inf), lambda: Uniform.over(1.0, 1.0, 4),
    lambda: Uniform.over(0.0, 1.0, 0), lambda: Uniform.over(0.0, 1.0, 4).index(torch.tensor([math.nan])),
])
def test_bad_input_is_refused(make):
    with pytest.raises(InputError, match="quantiser"):
        make()
