"""The laws of a channel: noise, fading, repeatability."""

from collections.abc import Callable

import torch
from torch import Tensor

from gensc import units
from gensc.channel import Channel
from gensc.errors import InputError
from gensc.rng import Name, Rng
from gensc.signal import Signal, State
from gensc.testing.laws import (
    SIGMAS,
    backward,
    close,
    draw,
    fresh,
    leaves_torch_rng,
    looks,
    mean_is,
    power_interval,
    reached,
    refuses,
    require,
    same,
    trains,
)

INF = float("inf")
ITEMS = [3, 1, 4, 15, 9, 2, 6, 5]
USES = 8192
FADES = 20_000
RATE_HZ = 20e6
SAMPLES = 512
EDGE = 0.03
"""What the band's edge and the first and last samples may cost a filtered waveform, as a share of its power."""


def check_channel(make: Callable[[], Channel], device: str = "cpu") -> None:
    """Run every law of channels on what ``make`` makes; raises AssertionError on the first one broken.

    A channel that runs through a program outside names it in a class fact ``needs``: it is sent fewer items,
    and may refuse gradients. One whose gain goes through a grid of tones says how many in ``cycle``.
    """
    channel = _made(make, 1, device)
    with torch.no_grad():
        _outputs(channel, device)
        _same_bits(channel, _made(make, 2, device), device)
        if channel.exact:
            _noise(channel, device)
            _noise_apart_from_signal(channel, device)
            _gain(channel, device)
        _draws_apart_from_signal(channel, device)
        _silence(channel, device)
        _samples(channel, _made(make, 2, device), device)
    _gradients(channel, device)
    refuses(lambda: _send(channel, ITEMS[:2], float("nan"), 4, device), "nan SNR is refused with InputError")


def _made(make: Callable[[], Channel], seed: int, device: str) -> Channel:
    channel = fresh(make, seed)
    assert isinstance(channel, Channel)
    return channel.to(device).eval()


def _qpsk(items: list[int], uses: int) -> Tensor:
    # Constant modulus: every item has unit power exactly, whatever its bits.
    parts = torch.where(draw("qpsk", items, uses, 2) > 0, 0.5**0.5, -(0.5**0.5))
    return torch.view_as_complex(parts)


def _state(snr_db: Tensor | float, items: list[int], *path: Name) -> State:
    return State.of(snr_db, items, Rng.seeded(7, "testing", *path))


def _send(channel: Channel, items: list[int], snr_db: Tensor | float, uses: int, device: str,
          *path: Name, amplitude: float = 1.0, rate_hz: float | None = None) -> Signal:
    state = _state(snr_db, items, *path)
    x = (amplitude * _qpsk(items, uses)).to(device)
    out: Signal = channel(Signal(x, state.n0.to(device), rate_hz=rate_hz), state)
    return out


def _outputs(channel: Channel, device: str) -> None:
    place = torch.device(device)
    for uses in (1, 7):
        x = _qpsk(ITEMS, uses).to(device)
        kept = x.clone()
        state = _state(10.0, ITEMS)
        out = channel(Signal(x, state.n0.to(device)), state)
        same(x, kept, "a channel does not change the symbols it is given")
        looks(out.x, (len(ITEMS), uses), torch.complex64, place, "the output x")
        require(out.h is not None, "a channel returns h (ones where it does not fade)")
        assert out.h is not None
        looks(out.h, (len(ITEMS), uses), torch.complex64, place, "the gain h")
        looks(out.n0, (len(ITEMS),), torch.float32, place, "the noise power n0")
        close(out.n0.cpu(), torch.full((len(ITEMS),), 0.1), "n0 is 10^(-snr_db/10)", rtol=1e-6)
        if channel.block_fading:
            first = out.h[:, :1].expand_as(out.h)
            close(out.h, first, "block_fading: h is one number for all uses of an item", rtol=1e-6)


def _same_bits(channel: Channel, second: Channel, device: str, rate_hz: float | None = None) -> None:
    def run(part: Channel, items: list[int], *path: Name) -> Tensor:
        snr_db = torch.tensor([float(item) for item in items])
        return _send(part, items, snr_db, 33, device, *path, rate_hz=rate_hz).x

    whole = run(channel, ITEMS)
    leaves_torch_rng(lambda: run(channel, ITEMS),
                     "random draws come from state.rng, not from torch's global generator")
    same(whole, run(channel, ITEMS), "the same seed gives the same bits")
    require(not torch.equal(whole, run(channel, ITEMS, "other")), "another seed gives other bits")
    for place, item in enumerate(ITEMS):
        same(run(channel, [item])[0], whole[place], "an item's output is the same alone and in a batch")
    turned = run(channel, ITEMS[::-1])
    same(turned.flip(0), whole, "an item's output does not depend on its place in the batch")
    second.load_state_dict(channel.state_dict())
    same(run(second, ITEMS), whole, "a second instance with the same state_dict gives the same bits")


def _noise(channel: Channel, device: str) -> None:
    """The distortion draws the same numbers at every SNR, so two runs differ by the noise alone."""
    still = _send(channel, ITEMS, INF, USES, device).x
    mixed = torch.tensor([0.0, 20.0] * (len(ITEMS) // 2))
    for snr_db in (torch.full((len(ITEMS),), 5.0), mixed):
        noise = (_send(channel, ITEMS, snr_db, USES, device).x - still).cpu()
        for level in snr_db.unique():
            part = noise[snr_db == level] / units.noise_power(level).sqrt()
            _circular(part, f"at {float(level):g} dB")
    first = noise[mixed == 0]
    other = (_send(channel, ITEMS, mixed, USES, device, "other").x
             - _send(channel, ITEMS, INF, USES, device, "other").x).cpu()[mixed == 0]
    _uncorrelated(first[0], first[1], "the noise of two items is independent")
    _uncorrelated(first.flatten(), other.flatten(), "the noise of two random streams is independent")


def _circular(unit: Tensor, where: str) -> None:
    low, high = power_interval(unit.numel())
    seen = float(unit.abs().double().square().mean())
    require(low <= seen <= high, f"N0 is 10^(-snr_db/10) {where}, by ratio in [{low:.4f}, {high:.4f}]",
            f"{seen:.4f}, {float(units.ratio_to_db(seen)):+.2f} dB")
    half_low, half_high = power_interval(unit.numel() / 2)
    for name, part in (("I", unit.real), ("Q", unit.imag)):
        share = 2 * float(part.double().square().mean())
        law = f"noise is circular {where}: N0/2 in {name}"
        require(half_low <= share <= half_high, law, f"{share:.4f} N0/2")
        bound = SIGMAS / unit.numel() ** 0.5
        mean = float(part.mean()) * 2**0.5
        require(abs(mean) <= bound, f"noise has mean 0 {where} in {name}", f"{mean:.4f}")
    in_phase, quadrature = unit.real.flatten(), unit.imag.flatten()
    _uncorrelated(in_phase, quadrature, f"noise is circular {where}: I and Q are uncorrelated")
    _uncorrelated(unit[:, 1:].flatten(), unit[:, :-1].flatten(), f"noise is white {where}")


def _uncorrelated(a: Tensor, b: Tensor, law: str) -> None:
    norm = (a.abs().square().mean() * b.abs().square().mean()).sqrt()
    seen = float(((a * b.conj()).mean() / norm).abs())
    # The modulus of a complex correlation is Rayleigh: its odds beyond the same bound are about as small.
    require(seen <= SIGMAS / a.numel() ** 0.5, law, f"correlation {seen:.4f}")


def _noise_apart_from_signal(channel: Channel, device: str) -> None:
    uses = 256
    quiet = _send(channel, ITEMS, 10.0, uses, device).x - _send(channel, ITEMS, INF, uses, device).x
    loud = (_send(channel, ITEMS, 10.0, uses, device, amplitude=3.0).x
            - _send(channel, ITEMS, INF, uses, device, amplitude=3.0).x)
    close(loud, quiet, "noise comes from the nominal power 1: it does not follow the power that is sent")
    out = _send(channel, ITEMS, 10.0, USES, device)
    noise = (out.x - _send(channel, ITEMS, INF, USES, device).x).cpu() / units.noise_power(10.0).sqrt()
    low, high = power_interval(USES)
    for item, seen in zip(ITEMS, noise.abs().double().square().mean(dim=1).tolist(), strict=True):
        require(low <= seen <= high, "noise does not follow the received power (fading) of an item",
                f"item {item}: {seen:.3f} N0")


def _draws_apart_from_signal(channel: Channel, device: str, rate_hz: float | None = None) -> None:
    """Two signals that have nothing in common meet the same gain and the same noise."""
    law = "a channel's draws never depend on the signal"
    signals = _qpsk(ITEMS, 64).to(device), torch.view_as_complex(2 * draw("other signal", ITEMS, 64, 2)).to(device)

    def through(x: Tensor, snr_db: float) -> Signal:
        state = _state(snr_db, ITEMS)
        out: Signal = channel(Signal(x, state.n0.to(device), rate_hz=rate_hz), state)
        return out

    heard = [through(x, 10.0) for x in signals]
    first, second = (out.h for out in heard)
    assert first is not None and second is not None
    same(first, second, f"{law}: the gain h")
    if not channel.exact:
        return
    plain = channel.transparent and rate_hz is None
    noise = [out.x - (first * x if plain else through(x, INF).x) for out, x in zip(heard, signals, strict=True)]
    close(noise[0], noise[1], f"{law}: the noise")


def _many(channel: Channel) -> int:
    """How many items say something of a mean: few where each goes through a program outside (``needs``)."""
    return 200 if channel.needs else FADES


def _gain(channel: Channel, device: str) -> None:
    """E|h|^2 over the items, and over the uses of one cycle where the gain goes through a grid of tones."""
    cycle = channel.cycle
    out = _send(channel, list(range(_many(channel) if cycle == 1 else FADES // 10)), INF, cycle, device)
    assert out.h is not None
    mean_is(out.h.abs().double().square().mean(dim=1).cpu(), 1.0, "E|h|^2 is 1")
    if channel.transparent:
        out = _send(channel, ITEMS, INF, 64, device)
        assert out.h is not None
        close(out.x, out.h * _qpsk(ITEMS, 64).to(device), "transparent: without noise y = h x", rtol=1e-6)


def _silence(channel: Channel, device: str, rate_hz: float | None = None) -> None:
    """Signal off is chance: what arrives then is noise (and interference), and tells nothing of the symbols."""
    off = _send(channel, ITEMS, 5.0, USES, device, amplitude=0.0, rate_hz=rate_hz).x.cpu()
    _uncorrelated(off.flatten(), _qpsk(ITEMS, USES).flatten(), "with the signal off, nothing of the symbols arrives")
    if channel.transparent:
        _circular(off / units.noise_power(5.0).sqrt(), "with the signal off")


def _samples(channel: Channel, second: Channel, device: str) -> None:
    """The laws for the samples of a waveform: a channel that takes none says so by InputError."""
    try:
        out = _send(channel, ITEMS, 10.0, 7, device, rate_hz=RATE_HZ)
    except InputError:
        return
    looks(out.x, (len(ITEMS), 7), torch.complex64, torch.device(device), "the output samples x")
    require(out.rate_hz == RATE_HZ, "samples stay samples: rate_hz is kept", out.rate_hz)
    _same_bits(channel, second, device, RATE_HZ)
    _draws_apart_from_signal(channel, device, RATE_HZ)
    noise = (_send(channel, ITEMS, 5.0, USES, device, rate_hz=RATE_HZ).x
             - _send(channel, ITEMS, INF, USES, device, rate_hz=RATE_HZ).x).cpu()
    _circular(noise / units.noise_power(5.0).sqrt(), "per sample of a waveform")
    _silence(channel, device, RATE_HZ)
    if channel.transparent:
        out = _send(channel, list(range(_many(channel) // 10)), INF, SAMPLES, device, rate_hz=RATE_HZ)
        power = out.x.abs().double().square().mean(dim=1).cpu()
        off, error = abs(float(power.mean()) - 1), float(power.std()) / len(power) ** 0.5
        require(off <= EDGE + SIGMAS * error, "a waveform keeps its mean power", f"{float(power.mean()):.4f}")


def _gradients(channel: Channel, device: str) -> None:
    x = _qpsk(ITEMS, 16).to(device).requires_grad_()
    state = _state(10.0, ITEMS)
    if channel.needs:
        refuses(lambda: channel(Signal(x, state.n0.to(device)), state),
                "a channel outside, which no gradient crosses, refuses symbols that ask for one")
        return
    out = channel(Signal(x, state.n0.to(device)), state)
    channel.zero_grad(set_to_none=True)
    backward(out.x.abs().square().sum(), "channel")
    for item in range(len(ITEMS)):
        reached(None if x.grad is None else x.grad[item], f"the gradient reaches the symbols of item {item}")
    trains(channel, "channel")
