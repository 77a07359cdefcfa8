"""What all the checks share: one way to state a law, fixed inputs, and statistics with known intervals."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from gensc.errors import InputError
from gensc.rng import Rng

# Two-sided odds of 1 in 150,000: a right part with an unlucky draw does not fail, and the sample sizes
# are chosen so that an error of 0.2 dB lies well outside.
SIGMAS = 4.5


def require(kept: bool | Tensor, law: str, seen: object = "") -> None:
    """Raise AssertionError naming the ``law`` and what was ``seen``, unless it was ``kept``."""
    if not bool(kept):
        raise AssertionError(f"{law}{f' (seen: {seen})' if seen != '' else ''}")


def same(a: Tensor, b: Tensor, law: str) -> None:
    """Equal to the bit, shape and dtype included."""
    require(a.shape == b.shape and a.dtype == b.dtype, law,
            f"{a.dtype} {tuple(a.shape)} and {b.dtype} {tuple(b.shape)}")
    require(torch.equal(a, b), law, f"{int((a != b).sum())} of {a.numel()} values differ")


def close(a: Tensor, b: Tensor, law: str, rtol: float = 1e-4) -> None:
    """Equal up to float32 arithmetic in another order, relative to the largest value."""
    require(a.shape == b.shape, law, f"shapes {tuple(a.shape)} and {tuple(b.shape)}")
    scale = float(b.abs().max().clamp(min=1e-12))
    worst = float((a - b).abs().max()) / scale
    require(worst <= rtol, law, f"largest relative difference {worst:.2g}")


def looks(value: Tensor, shape: tuple[int, ...], dtype: torch.dtype, device: torch.device, what: str) -> None:
    """Shape, dtype and device as the contract says, and no nan."""
    require(tuple(value.shape) == shape, f"{what} has shape {list(shape)}", list(value.shape))
    require(value.dtype == dtype, f"{what} is {dtype}", value.dtype)
    require(value.device.type == device.type, f"{what} is on the device of the input, {device}", value.device)
    require(torch.isfinite(torch.view_as_real(value) if value.is_complex() else value).all(),
            f"{what} is finite", "nan or infinity")


def power_interval(complex_samples: float) -> tuple[float, float]:
    """Interval of the mean of |n|^2 over that many CN(0,1) samples: chi-square with two degrees of freedom
    each, by Wilson and Hilferty's cube (PNAS 17(12), 1931)."""
    spread = 2 / (9 * 2 * complex_samples)
    half = SIGMAS * math.sqrt(spread)
    return (1 - spread - half) ** 3, (1 - spread + half) ** 3


def mean_is(values: Tensor, expected: float, law: str) -> None:
    """The mean of independent values [N] is ``expected`` within ``SIGMAS`` of their own standard error."""
    values = values.double()
    seen, error = float(values.mean()), float(values.std()) / math.sqrt(len(values))
    require(abs(seen - expected) <= SIGMAS * error + 1e-5, law,
            f"{seen:.4f}, expected {expected:.4f} within {SIGMAS * error:.4f}")


def refuses(call: Callable[[], object], law: str) -> None:
    """``call`` raises InputError."""
    try:
        call()
    except InputError:
        return
    raise AssertionError(f"{law} (no InputError was raised)")


def leaves_torch_rng(call: Callable[[], object], law: str) -> None:
    """``call`` neither reads nor moves torch's global generator."""
    before = torch.get_rng_state()
    call()
    require(torch.equal(before, torch.get_rng_state()), law)


def draw(name: str, items: list[int], *shape: int) -> Tensor:
    """Standard normal inputs [B, *shape], item by item the same in every batch."""
    return Rng.seeded(2024, "testing", name).of(items).normal(*shape)


def fresh(make: Callable[[], nn.Module], seed: int) -> nn.Module:
    """A new instance whose initial weights follow ``seed``, torch's generator left as it was."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return make()


def trains(module: nn.Module, what: str) -> None:
    """After a backward pass: a finite gradient that is not zero in every parameter that learns."""
    for name, parameter in module.named_parameters():
        if parameter.requires_grad:
            reached(parameter.grad, f"{what}: the gradient reaches the parameter {name}")


def backward(value: Tensor, what: str) -> None:
    """Backward from one number; a value cut off from its inputs is a broken law, not a crash."""
    require(value.requires_grad, f"a gradient can flow through the {what}", "the output is cut off from the input")
    value.backward()


def reached(gradient: Tensor | None, law: str) -> None:
    """A gradient is there, finite, and not zero everywhere."""
    if gradient is None:
        raise AssertionError(f"{law} (there is none)")
    require(torch.isfinite(gradient.abs()).all(), law, "nan or infinity")
    require(gradient.abs().max() > 0, law, "it is zero everywhere")
