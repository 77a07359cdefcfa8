"""timm, importable beside a CPU-only torch.

torchvision's wheels register fake kernels for operators that only their CUDA builds define, and stop at
import without them. Declaring the two schemas first is enough; nothing here calls those operators.
"""

import torch


def _declare_missing_operators() -> torch.library.Library | None:
    if hasattr(torch.ops.torchvision, "nms"):
        return None
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return library


try:
    import torchvision
except RuntimeError:
    _LIBRARY = _declare_missing_operators()
    import torchvision  # noqa: F401

import timm  # noqa: E402

__all__ = ["timm"]
