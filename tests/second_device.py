"""A second device that every machine has: it computes on the CPU, and refuses what a GPU would refuse."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from unittest import mock

import torch
import torch.optim.optimizer as optimizers
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_flatten, tree_map

FAR = torch.device("meta")
"""How the second device is called: torch has no kernels of its own for it that could run by mistake."""
ATEN = torch.ops.aten
MOVES = (ATEN._to_copy.default, ATEN.copy_.default)
INDEXED = (ATEN.index.Tensor, ATEN.index_put.default, ATEN.index_put_.default, ATEN._unsafe_index.Tensor,
           ATEN._index_put_impl_.default)
"""They take their indices, the second argument, from the CPU too."""


class Far(Tensor):
    """A tensor on the second device; its numbers, ``near``, are on the CPU."""

    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, near: Tensor) -> "Far":
        return Tensor._make_wrapper_subclass(
            cls, near.shape, strides=near.stride(), storage_offset=near.storage_offset(), dtype=near.dtype,
            layout=near.layout, device=FAR, requires_grad=near.requires_grad)

    def __init__(self, near: Tensor) -> None:
        self.near = near

    def tolist(self) -> Any:
        return self.near.tolist()

    def numpy(self, *, force: bool = False) -> Any:
        raise TypeError("a tensor of the second device has no NumPy array: use Tensor.cpu() first")

    def __tensor_flatten__(self) -> tuple[list[str], None]:
        return ["near"], None

    @staticmethod
    def __tensor_unflatten__(inner: Mapping[str, Tensor], *_: object) -> "Far":
        return Far(inner["near"])

    @classmethod
    def __torch_dispatch__(cls, func: Callable, types: Sequence[type], args: tuple = (),
                           kwargs: dict | None = None) -> Any:
        return _computed(func, args, kwargs or {})


@contextlib.contextmanager
def second_device() -> Iterator[torch.device]:
    """While it lasts, in this thread, ``.to(FAR)`` and ``device=FAR`` name a device that computes, and an operator that
    gets tensors of both devices raises RuntimeError, as on a GPU."""
    autocast, fused = torch.autocast, [*optimizers._get_fused_kernels_supported_devices(), FAR.type]
    with (mock.patch.object(torch, "autocast", lambda kind, *more, **options: autocast(
              "cpu" if kind == FAR.type else kind, *more, **options)),
          mock.patch.object(optimizers, "_get_fused_kernels_supported_devices", lambda: fused),
          _FromData(), _Operators()):
        yield FAR


class _Operators(TorchDispatchMode):
    def __torch_dispatch__(self, func: Callable, types: Sequence[type], args: tuple = (),
                           kwargs: dict | None = None) -> Any:
        return _computed(func, args, kwargs or {})


class _FromData(TorchFunctionMode):
    """What makes a tensor of numbers is no operator: it is made near, and moved."""

    def __torch_function__(self, func: Callable, types: Sequence[type], args: tuple = (),
                           kwargs: dict | None = None) -> Any:
        kwargs = dict(kwargs or {})
        if func is Tensor.new_tensor and isinstance(args[0], Far):
            kwargs = {"dtype": args[0].dtype, "device": FAR, **kwargs}
            func, args = torch.tensor, args[1:]
        if func in (Tensor.__getitem__, Tensor.__setitem__):
            args = (args[0], _listed(args[1]), *args[2:])
        if func in (torch.tensor, torch.as_tensor) and kwargs.get("device") is not None:
            device = kwargs.pop("device")
            return func(*args, **kwargs).to(device)
        return func(*args, **kwargs)


def _listed(index: Any) -> Any:
    """An index with tensors in the place of its lists."""
    if isinstance(index, tuple):
        return tuple(_listed(one) for one in index)
    return torch.tensor(index) if isinstance(index, list) else index


def _computed(func: Callable, args: tuple, kwargs: dict) -> Any:
    given = [one for one in tree_flatten((args, kwargs))[0] if isinstance(one, Tensor)]
    far = any(isinstance(one, Far) for one in given)
    if far and func not in MOVES:
        _refuse_mixed(func, args, kwargs)
    if kwargs.get("device") is not None:
        wanted = torch.device(kwargs["device"]).type == FAR.type
        kwargs = {**kwargs, "device": torch.device("cpu")}
    else:
        # What is copied in place stays where it is.
        wanted = isinstance(args[0], Far) if func is ATEN.copy_.default else far
    out = func(*tree_map(_near, args), **tree_map(_near, kwargs))
    if not wanted:
        return out
    wrapped = tree_map(lambda one: Far(one.resolve_conj().resolve_neg()) if isinstance(one, Tensor) else one, out)
    return return_and_correct_aliasing(func, args, kwargs, wrapped) if far else wrapped


def _near(value: Any) -> Any:
    return value.near if isinstance(value, Far) else value


def _refuse_mixed(func: Callable, args: tuple, kwargs: dict) -> None:
    """Numbers of no dimension may come from the CPU, and the indices of what lies far."""
    checked = (args[0], *args[2:]) if func in INDEXED and isinstance(args[0], Far) else args
    near = [one for one in _tensors((checked, kwargs)) if not isinstance(one, Far) and one.ndim]
    if near:
        raise RuntimeError(f"{func} gets a tensor of the CPU, {tuple(near[0].shape)}, beside one of the second device")


def _tensors(tree: Any) -> Iterator[Tensor]:
    return (one for one in tree_flatten(tree)[0] if isinstance(one, Tensor))
