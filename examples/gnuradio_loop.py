"""A photograph through GNU Radio: what arrives at 5, 10 and 20 dB when it is sent robustly, faster, and very fast.

    python examples/gnuradio_loop.py --out gnuradio_loop.png [--photo PHOTO]

The photograph is cut into stripes, each a WebP file of its own in a Wi-Fi 7 frame of its own, so that a lost frame
costs a stripe. Every row takes the same time on the air: a faster MCS brings a finer picture, or none. Each frame
passes GNU Radio's channel model (Debian package gnuradio): three Rayleigh taps, 20 kHz of carrier offset, 20 ppm of
timing offset, noise.
"""

import argparse
import io
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib import cbook
from PIL import Image

from gensc import Rng, units
from gensc.phy.wifi7.phy import Phy
from gensc.radio import ChannelModel, Loop
from gensc.radio.receive import receive_samples
from gensc.radio.segments import cut
from gensc.radio.send import samples_of

SNR_DB = (5, 10, 20)
MCS = (0, 2, 6)
STRIPES = 16
USES = 190_000
GREY = 128


def stripes_of(photo: np.ndarray, quality: int) -> list[bytes]:
    """Each stripe as one segment: a small file named after its number."""
    segments = []
    for number, stripe in enumerate(np.array_split(photo, STRIPES)):
        file = io.BytesIO()
        Image.fromarray(stripe).save(file, "WEBP", quality=quality)
        segments += cut(file.getvalue(), str(number), segment_bytes=10_000)
    return segments


def finest(photo: np.ndarray, phy: Phy) -> list[bytes]:
    """The stripes at the best quality whose frames fit into USES channel uses."""
    fits: list[bytes] = []
    for quality in range(101):
        segments = stripes_of(photo, quality)
        if sum(phy.uses(len(one)) for one in segments) > USES:
            break
        fits = segments
    if not fits:
        raise SystemExit(f"the photograph does not fit {USES} channel uses at MCS {phy.mcs}: take a smaller one")
    return fits


def heard(loop: Loop, segments: list[bytes], phy: Phy, snr_db: float) -> np.ndarray:
    """What the receiver's antenna gives: a burst a frame, each with taps and noise of its own."""
    bursts = []
    for number, segment in enumerate(segments):
        taps = Rng.seeded(0, "taps", number).complex_normal(3)[0].numpy() * np.sqrt([0.7, 0.2, 0.1])
        model = ChannelModel(
            noise_voltage=float(units.noise_power(snr_db)) ** 0.5, frequency_offset=20e3 / phy.sample_rate_hz,
            epsilon=1 + 20e-6, taps=tuple(map(complex, taps)), seed=1 + number)
        bursts.append(loop.send(samples_of([segment], phy), model))
    return np.concatenate(bursts)


def arrived(samples: np.ndarray, photo: np.ndarray) -> tuple[np.ndarray, int]:
    """The picture from the stripes that were received, grey where one is lost, and how many were."""
    picture = np.full_like(photo, GREY)
    places = np.array_split(np.arange(len(photo)), STRIPES)
    stripes = {int(one.name): one.content for one in receive_samples(samples, 20).streams}
    for number, content in stripes.items():
        picture[places[number]] = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
    return picture, len(stripes)


def psnr_db(one: np.ndarray, other: np.ndarray) -> float:
    """Peak signal to noise ratio of two pictures."""
    return float(units.ratio_to_db(255**2 / np.mean((one.astype(float) - other) ** 2)))


def main() -> None:
    """Send at every MCS and SNR, and draw a row a MCS."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--photo", type=Path, default=cbook.get_sample_data("grace_hopper.jpg", asfileobj=False))
    options.add_argument("--out", type=Path, default=Path("gnuradio_loop.png"))
    chosen = options.parse_args()
    photo = np.asarray(Image.open(chosen.photo).convert("RGB"))
    height = 2.4 * len(MCS) * photo.shape[0] / photo.shape[1]
    figure, axes = plt.subplots(len(MCS), 1 + len(SNR_DB), figsize=(8.6, height), layout="constrained")
    figure.get_layout_engine().set(h_pad=0.08)
    with Loop() as loop:
        for row, mcs in zip(axes, MCS, strict=True):
            phy = Phy(20, mcs)
            segments = finest(photo, phy)
            uses = sum(phy.uses(len(one)) for one in segments)
            sent, count = arrived(samples_of(segments, phy), photo)
            title = f"sent: MCS {mcs}, {count} packets, {uses:,}\nchannel uses, PSNR {psnr_db(sent, photo):.1f} dB"
            show(row[0], sent, title)
            for place, snr_db in zip(row[1:], SNR_DB, strict=True):
                picture, received = arrived(heard(loop, segments, phy, snr_db), photo)
                title = f"at {snr_db} dB: {received} of {count} packets,\nPSNR {psnr_db(picture, photo):.1f} dB"
                show(place, picture, title)
    figure.savefig(chosen.out, dpi=100, pil_kwargs={"optimize": True})
    print(chosen.out)


def show(place: plt.Axes, picture: np.ndarray, title: str) -> None:
    """One picture of the figure, under its caption."""
    place.imshow(picture)
    place.set_title(title, size=8)
    place.set_axis_off()


if __name__ == "__main__":
    main()
