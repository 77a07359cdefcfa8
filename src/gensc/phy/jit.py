"""How numba compiles the kernels of the physical layer: exact arithmetic, without the GIL, cached on disk.

The disk cache watches only the file of the outermost kernel: keep the kernels that it calls in the same file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])


def kernel(function: Function) -> Function:
    """A compiled function; no fastmath, so results are equal on every machine."""
    compiled: Any = njit(cache=True, nogil=True, error_model="numpy")(function)
    return cast(Function, compiled)
