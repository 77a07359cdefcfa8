"""A network cut into stages: those that never learn in front, those that do behind."""

from typing import Any

from torch import Tensor, nn

from gensc.zoo.timm_ready import timm


def stages(net: Any) -> list[list[nn.Module]]:
    """The modules of each of a timm network's stages, first to last (timm's coarse groups)."""
    groups = timm.models.group_modules(net, net.group_matcher(coarse=True))
    return [[net.get_submodule(module) for module in groups[stage]] for stage in sorted(groups)]


class Staged:
    """An EfficientNet after its first ``frozen`` stages (the stem, then the blocks): ``rest(front(x))`` is
    ``net.forward_features(x)``. Holds the network without owning its parameters."""

    def __init__(self, net: Any, frozen: int) -> None:
        self._net, self.frozen = net, frozen

    @staticmethod
    def fits(net: nn.Module) -> bool:
        """Whether the network can be cut so."""
        return isinstance(net, timm.models.efficientnet.EfficientNet)

    def front(self, x: Tensor) -> Tensor:
        """Prepared images [B,3,S,S] to the map [B,C,H,W] after the last fixed stage."""
        return self._net.blocks[: self.frozen - 1](self._net.bn1(self._net.conv_stem(x)))

    def rest(self, x: Tensor) -> Tensor:
        """That map to the network's last feature map."""
        return self._net.bn2(self._net.conv_head(self._net.blocks[self.frozen - 1 :](x)))
