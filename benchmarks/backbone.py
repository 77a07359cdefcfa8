"""Throughput of codec `backbone` against the bare timm model on the same tensors, in one run.

    python benchmarks/backbone.py
"""

import statistics
import time
from collections.abc import Callable

import torch

from gensc import zoo
from gensc.batch import unlabelled
from gensc.codec import Backbone

BATCH, ROUNDS = 32, 15


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


@torch.inference_mode()
def main() -> None:
    """Alternate the two, so that what else the machine does meets both, and compare the medians."""
    batch = unlabelled(torch.rand(BATCH, 3, 224, 224))
    codec = Backbone("efficientnet_lite0", output="pooled").eval()
    bare = zoo.load("efficientnet_lite0").net.eval()
    ready = ((batch.pixels - codec.mean) / codec.std).contiguous(memory_format=torch.channels_last)
    same = torch.equal(codec.prepared(batch).pixels, bare.forward_head(bare.forward_features(ready), pre_logits=True))
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(seconds(lambda: codec.prepared(batch)))
        theirs.append(seconds(lambda: bare.forward_head(bare.forward_features(ready), pre_logits=True)))
    mine, peer = statistics.median(ours), statistics.median(theirs)
    print(f"codec backbone  {BATCH / mine:6.1f} images/s (scaling of the input included)")
    print(f"bare timm model {BATCH / peer:6.1f} images/s (input scaled beforehand)")
    print(f"time ratio      {mine / peer:6.3f}   same features bit for bit: {same}")


if __name__ == "__main__":
    main()
