"""The whole digital link (AWGN, 64-QAM, rate 3/4) beside the same chain of Sionna's blocks: information bits a second.

Both sides: random bits -> LDPC encoder -> 64-QAM -> AWGN -> exact demapper -> LDPC decoder, 20 iterations at most, at
the same Es/N0, on all threads. Ours also cuts bytes into segments with CRC and scrambles them. Sionna has the codes of
5G NR: rate 3/4, the longest information block of its base graph 1 (8,448 bits), sum-product. Ours: 5G NR MCS 17 (rate
0.754) and 802.11be MCS 6.
"""

import sys
import time

import torch

from gensc.channel import AWGN
from gensc.rng import Rng
from gensc.signal import State
from gensc.transport import Digital
from gensc.units import noise_power

SNR_DB = 17.0
ITEMS, BYTES = 64, 8192


def ours(seconds: float, code: str, mcs: int) -> tuple[float, float]:
    """Mbit/s and the share of items that arrive."""
    link = Digital(AWGN(), uses=0, mcs=mcs, code=code).eval()
    link.bind(None)
    state = State.of(SNR_DB, ITEMS, Rng.seeded(0))
    data = tuple(generator.bytes(BYTES) for generator in Rng.seeded(1).of(ITEMS).generators())
    link(data, state)
    rounds, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        out = link(data, state)
        rounds += 1
    return rounds * ITEMS * BYTES * 8 / (time.perf_counter() - start) / 1e6, out.ok.float().mean().item()


def sionna(seconds: float) -> tuple[float, float]:
    """Mbit/s and the share of code blocks that arrive."""
    from sionna.phy.channel import AWGN as Noise
    from sionna.phy.fec.ldpc import LDPC5GDecoder, LDPC5GEncoder
    from sionna.phy.mapping import BinarySource, Demapper, Mapper

    k, n, blocks = 8448, 11262, 16
    encoder = LDPC5GEncoder(k, n, device="cpu")
    decoder = LDPC5GDecoder(encoder, num_iter=20, device="cpu")
    mapper, demapper = Mapper("qam", 6, device="cpu"), Demapper("app", "qam", 6, device="cpu")
    source, noise = BinarySource(device="cpu"), Noise(device="cpu")
    n0 = noise_power(SNR_DB)
    rounds, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        bits = source([blocks, k])
        received = noise(mapper(encoder(bits)), n0)
        right = (decoder(demapper(received, n0)) == bits).all(dim=1)
        rounds += 1
    return rounds * blocks * k / (time.perf_counter() - start) / 1e6, right.float().mean().item()


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    print(f"AWGN, 64-QAM, rate 3/4, Es/N0 {SNR_DB} dB, {torch.get_num_threads()} threads")
    theirs, right = sionna(seconds)
    print(f"Sionna, 5G code      {theirs:8.3f} Mbit/s, {100 * right:.1f} % of blocks arrive")
    for code, mcs in (("5g", 17), ("802.11", 6)):
        mine, arrived = ours(seconds, code, mcs)
        print(f"gensc, {code:<14}{mine:8.2f} Mbit/s, {100 * arrived:.1f} % of items arrive, ratio {mine / theirs:.0f}")


if __name__ == "__main__":
    main()
