import pytest
import torch
from hypothesis import settings

from gensc.rng import Rng
from gensc.signal import Signal, State
from helpers import Tiny, tiny

# Fixed examples: a test that fails, fails every time.
settings.register_profile("fixed", derandomize=True, deadline=None, max_examples=60)
settings.load_profile("fixed")


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Small tensors: threads cost more than they bring, and the tests share their machine."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def send():
    """send(channel, symbols, snr_db, seed): complex64 [B,k] of unit power over a channel, as a Signal."""

    def run(channel, symbols: torch.Tensor, snr_db: float | torch.Tensor, seed: int = 0) -> Signal:
        state = State.of(snr_db, len(symbols), Rng.seeded(seed, "tests"))
        return channel(Signal(symbols, state.n0), state)

    return run


@pytest.fixture(scope="session")
def ones():
    """ones(items, uses): the constant symbol 1."""
    return lambda items, uses: torch.ones(items, uses, dtype=torch.complex64)


@pytest.fixture
def one(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Tiny:
    """The tiny experiment, with its environment set."""
    found = tiny(tmp_path_factory)
    for name, value in found.env.items():
        monkeypatch.setenv(name, value)
    return found


@pytest.fixture
def generator():
    """A NumPy generator with a fixed seed."""
    return next(Rng.seeded(0, "tests").generators())
