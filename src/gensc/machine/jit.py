"""How numba compiles the kernels: exact arithmetic, without the GIL, cached on disk.

The disk cache watches only the file of the outermost kernel: after editing a kernel that others
call, delete __pycache__ or the old code keeps running.
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


def inlined(function: Function) -> Function:
    """A compiled function pasted into its callers: passing the large records by value is slow."""
    compiled: Any = njit(cache=True, nogil=True, error_model="numpy", inline="always")(function)
    return cast(Function, compiled)
