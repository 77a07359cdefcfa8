"""Speed of the joint source-channel codec beside the first deep one, in one run: pictures a second to encode and to
decode, parameters, multiply-accumulates. Random weights: they do not change the time.

python benchmarks/jscc.py
"""

import time
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from gensc.batch import unlabelled
from gensc.channel import AWGN
from gensc.codec import Codec, Jscc
from gensc.codec.deepjscc import DeepJscc
from gensc.rng import Rng
from gensc.signal import State
from gensc.transport import Symbols

SECONDS = 2.0
CASES = ((32, 1), (32, 32), (256, 1), (256, 32))


@torch.no_grad()
def main() -> None:
    print(f"{torch.get_num_threads()} threads; CBR 1/6; pictures a second")
    print(f"{'codec':<10}{'side':>6}{'batch':>7}{'encode':>9}{'decode':>9}{'both':>8}{'M params':>10}{'GMAC':>8}")
    both: dict[tuple[str, int, int], float] = {}
    for side, batch in CASES:
        for name, codec in (("jscc", Jscc()), ("deepjscc", DeepJscc())):
            codec.eval().to(memory_format=torch.channels_last)
            encode, decode, macs = measured(codec, side, batch)
            both[name, side, batch] = 1 / (1 / encode + 1 / decode)
            print(f"{name:<10}{side:>6}{batch:>7}{encode:>9.1f}{decode:>9.1f}{both[name, side, batch]:>8.1f}"
                  f"{parameters(codec) / 1e6:>10.2f}{macs / 1e9:>8.3f}", flush=True)
        print(f"ratio of jscc to deepjscc at {side} px, batch {batch}: "
              f"{both['jscc', side, batch] / both['deepjscc', side, batch]:.3f}")


def measured(codec: Codec, side: int, batch: int) -> tuple[float, float, float]:
    """Pictures a second to encode and to decode, and multiply-accumulates a picture for both."""
    pictures = unlabelled(Rng.seeded(0).of(batch).uniform(3, side, side))
    state = replace(State.of(10.0, batch, Rng.seeded(0)), shape=pictures.shape, values=pictures.values)
    transport = Symbols(AWGN()).eval()
    delivery = transport(codec.encode(pictures, state), state)
    with FlopCounterMode(display=False) as counter:
        alone = state.select(slice(1))
        codec.decode(transport(codec.encode(pictures.select(torch.arange(1)), alone), alone), alone)
    encode = rate(lambda: codec.encode(pictures, state), batch)
    return encode, rate(lambda: codec.decode(delivery, state), batch), counter.get_total_flops() / 2


def rate(call: Callable[[], object], pictures: int) -> float:
    call()
    done, began = 0, time.perf_counter()
    while time.perf_counter() - began < SECONDS:
        call()
        done += pictures
    return done / (time.perf_counter() - began)


def parameters(module: nn.Module) -> int:
    return sum(one.numel() for one in module.parameters())


if __name__ == "__main__":
    main()
