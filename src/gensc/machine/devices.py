"""The devices that links run on."""

import contextlib
import itertools
import re
from collections.abc import Iterator
from typing import Literal, get_args

import torch
from torch import nn

from gensc.errors import InputError

DeviceName = Literal["auto", "cpu", "cuda", "mps"]
CPU_FULL = "can't allocate memory"


def device_named(name: str) -> torch.device:
    """The device of a name; "auto": a GPU where there is one, else the CPU. Raises InputError for one that is not
    here."""
    if name not in get_args(DeviceName):
        raise InputError(f"device is {name!r}: expected one of {', '.join(get_args(DeviceName))}")
    present = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return torch.device(next(one for one in ("cuda", "mps", "cpu") if present[one]))
    if not present[name]:
        here = ", ".join(one for one, there in present.items() if there)
        raise InputError(f"device is {name!r} and torch finds none on this machine: use {here}, or auto")
    return torch.device(name)


def described(device: torch.device) -> str:
    """A device as results name it: "cpu", "cuda (NVIDIA H100)"."""
    if device.type == "cuda":
        return f"cuda ({torch.cuda.get_device_name(device)})"
    return device.type


def device_of(module: nn.Module) -> torch.device:
    """Where a module's weights are; the CPU where it has none."""
    return next((value.device for value in itertools.chain(module.parameters(), module.buffers())), torch.device("cpu"))


def synchronize(device: torch.device | str) -> None:
    """Wait until a device has done what it was asked to, so that time can be taken."""
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize(device)
    elif torch.device(device).type == "mps":
        torch.mps.synchronize()


@contextlib.contextmanager
def fitting(device: torch.device | str, batch: str, instead: str) -> Iterator[None]:
    """Work on a ``batch`` ("a training batch of 64 items") on a device. Raises InputError where it does not fit the
    memory: how much was asked for, and what to do ``instead``."""
    try:
        yield
    except RuntimeError as error:
        # What the CPU's allocator raises has no class of its own.
        if not isinstance(error, torch.OutOfMemoryError) and CPU_FULL not in str(error):
            raise
        raise full_of(error, torch.device(device), batch, instead) from error


def full_of(error: RuntimeError, device: torch.device, batch: str, instead: str) -> InputError:
    """What to say where a ``batch`` did not fit the device's memory."""
    asked = re.search(r"allocate ([\d.]+ \w+)", str(error))
    held = f"{torch.cuda.memory_allocated(device) / 2**30:.2f} GiB are held" if device.type == "cuda" else ""
    facts = "; ".join(fact for fact in (f"{asked[1]} were asked for" if asked else "", held) if fact)
    other = "" if device.type == "cpu" else ", or use --device cpu"
    return InputError(f"{batch} does not fit the memory of {described(device)}{f' ({facts})' if facts else ''}: "
                      f"{instead}{other}")
