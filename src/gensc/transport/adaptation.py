"""Link adaptation for the channel at hand: its profile, made once, stored, and read for every choice of a scheme."""

import hashlib
import io
import math
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

import numpy as np
from torch import nn

from gensc.channel import Channel
from gensc.machine.blobs import Blobs
from gensc.machine.cache import cache_dir
from gensc.metric.estimate import wilson
from gensc.phy.mcs import CodeName
from gensc.rng import Rng
from gensc.signal import Csi, State
from gensc.transport import profile
from gensc.transport.profile import Profile
from gensc.transport.segments import filling

STEPS = 4
"""Choices are made at multiples of 1/4 dB, rounded down: a table for all SNRs that training draws."""
LOWEST_DB, HIGHEST_DB = -30, 60
MOST_CHOICES = 10_000
SYMBOLS, FEWEST, ENOUGH, ABOVE = 1_500_000, 100, 5, 9
"""Symbols of the frames that a choice is tried on, the fewest frames, and the losses that a target must allow of them
to be told from none; so many options from the expected one up are tried where none keeps the target."""
LONGEST = 8192
"""Symbols whose gains are looked at where the sender knows them; a longer item fares as these."""
RECIPE = 1
"""Raise it when a profile of the same channel comes out otherwise."""


@dataclass(frozen=True)
class Option:
    """A scheme for an item: its MCS, the ``symbols`` that it takes and the ``data`` bytes that they carry."""

    index: int
    symbols: int
    data: float


class Adaptation:
    """Chooses schemes of a code for a channel behind so many pilots.

    Where the sender knows an item's gain, by that; else by the profile of the channel at its average SNR, on draws that
    no experiment uses, made once for whole dB and kept on disk. Over a channel that is more than gains the choice is
    tried, coded frames and all, and goes down where it does not keep its target, up where the next scheme does.
    """

    def __init__(self, channel: Channel, code: CodeName, pilots: int) -> None:
        self.channel, self.code, self.pilots = channel, code, pilots
        self._profiles: dict[tuple[int, Csi], Profile] = {}
        self._choices: dict[tuple[object, ...], Option] = {}
        self._losses: dict[tuple[Option, int, Csi], tuple[int, int]] = {}

    def choose(self, options: Sequence[Sequence[Option]], state: State, target: float,
               dearest: float = math.inf) -> list[Option]:
        """The option of each of B items with the most data a symbol among those that are lost with probability
        ``target`` or less; where there are none, the one that delivers most. An option that takes more than ``dearest``
        times the symbols of that is not taken; of those left the one that is lost least then comes nearest."""
        if state.gain_db is not None:
            return [self._best(tuple(one), _steps(float(snr_db)), None, target, dearest)
                    for one, snr_db in zip(options, state.known_db, strict=True)]
        if state.csi == "both":
            lengths = tuple(sorted({min(option.symbols, LONGEST) for one in options for option in one}))
            met = profile.by_gains(self.channel, state, self.code, lengths)
            return [chosen(one, replace(met, effective_db=row[None]), self.code, target, dearest)
                    for one, row in zip(options, met.effective_db, strict=True)]
        return [self._best(tuple(one), _steps(float(snr_db)), state.csi, target, dearest)
                for one, snr_db in zip(options, state.snr_db, strict=True)]

    def lost(self, option: Option, snr_db: float, csi: Csi = "receiver") -> float:
        """How often an item is expected to be lost by an option, at an average Es/N0."""
        return self._profile(_steps(snr_db), csi).lost(self.code, option.index, option.symbols)

    def _best(self, options: tuple[Option, ...], steps: int, csi: Csi | None, target: float,
              dearest: float) -> Option:
        key = (options, steps, csi, target, dearest)
        if key not in self._choices:
            if len(self._choices) >= MOST_CHOICES:
                self._choices.clear()
                self._losses.clear()
            met = profile.flat(steps / STEPS) if csi is None else self._profile(steps, csi)
            best = chosen(options, met, self.code, target, dearest)
            tried = csi is not None and not profile.by_gain(self.channel, csi) and dearest == math.inf
            self._choices[key] = self._tried(options, best, steps, csi, target) if tried and csi else best
        return self._choices[key]

    def _tried(self, options: Sequence[Option], best: Option, steps: int, csi: Csi, target: float) -> Option:
        """The option near ``best`` that keeps the target on coded frames; where none below it does, the one that
        delivered most of them."""
        ranked = sorted(options, key=lambda option: option.data / option.symbols)
        place = start = ranked.index(best)
        while place >= 0 and not self._keeps(ranked[place], steps, csi, target, surely=False):
            place -= 1
        if place < 0:
            return max(ranked[:start + ABOVE], key=lambda option: self._delivered(option, steps, csi))
        while place == start < len(ranked) - 1 and self._keeps(ranked[start + 1], steps, csi, target, surely=True):
            place = start = start + 1
        return ranked[place]

    def _keeps(self, option: Option, steps: int, csi: Csi, target: float, surely: bool) -> bool:
        """Whether coded frames are lost as seldom as ``target``; where they are too few to tell, unless ``surely``."""
        lost, frames = self._measured(option, steps, csi)
        low, _ = wilson(lost / frames, frames)
        return frames * target >= ENOUGH and lost <= target * frames if surely else low <= target

    def _delivered(self, option: Option, steps: int, csi: Csi) -> float:
        """Bytes a symbol that arrived of coded frames."""
        lost, frames = self._measured(option, steps, csi)
        return option.data / option.symbols * (1 - lost / frames)

    def _measured(self, option: Option, steps: int, csi: Csi) -> tuple[int, int]:
        """How many of how many coded frames were lost."""
        key = (option, steps, csi)
        if key not in self._losses:
            self._losses[key] = self._lost_frames(option, steps, csi)
        return self._losses[key]

    def _lost_frames(self, option: Option, steps: int, csi: Csi) -> tuple[int, int]:
        frames = max(FEWEST, min(profile.DRAWS, SYMBOLS // option.symbols))
        key = self._key(f"frames {option} {frames}", steps / STEPS, csi)
        blob = kept(key, lambda: profile.lost_frames(
            self.channel, State.of(steps / STEPS, frames, Rng.seeded(0, "adaptation"), csi), self.pilots,
            filling(option.symbols, option.index, self.code)).to_bytes(4, "big"))
        return int.from_bytes(blob, "big"), frames

    def _profile(self, steps: int, csi: Csi) -> Profile:
        below, share = steps // STEPS, steps % STEPS / STEPS
        low = self._at(below, csi)
        return low.mixed(self._at(below + 1, csi), share) if share else low

    def _at(self, snr_db: int, csi: Csi) -> Profile:
        """The profile at a whole number of dB."""
        if (snr_db, csi) not in self._profiles:
            self._profiles[snr_db, csi] = self._stored(snr_db, csi)
        return self._profiles[snr_db, csi]

    def _stored(self, snr_db: int, csi: Csi) -> Profile:
        return _unpacked(kept(self._key("profile", snr_db, csi), lambda: _packed(
            profile.drawn(self.channel, float(snr_db), csi, self.pilots, self.code))))

    def _key(self, what: str, snr_db: float, csi: Csi) -> bytes:
        whole = f"{what} {snr_db} {csi} {self.pilots} {self.code} {identity(self.channel)}"
        return hashlib.sha256(whole.encode()).digest()


def kept(key: bytes, make: Callable[[], bytes]) -> bytes:
    """What is on disk under a key; made and put there where nothing is."""
    with closing(Blobs(cache_dir() / "adaptation", RECIPE, required=False)) as blobs:
        blob = blobs.get([key]).get(key)
        if blob is None:
            blob = make()
            blobs.put([(key, blob)])
        return blob


def identity(channel: nn.Module) -> str:
    """What a channel does, as text: its classes, settings and weights."""
    parts = []
    for name, module in channel.named_modules():
        settings = {key: value for key, value in sorted(vars(module).items())
                    if not key.startswith("_") and key != "training"}
        parts.append(f"{name} {type(module).__module__}.{type(module).__qualname__} {settings}")
    for name, value in channel.state_dict().items():
        parts.append(f"{name} {hashlib.sha256(value.detach().cpu().numpy().tobytes()).hexdigest()}")
    return "\n".join(parts)


def chosen(options: Sequence[Option], met: Profile, code: CodeName, target: float,
           dearest: float = math.inf) -> Option:
    """The option that ``Adaptation.choose`` takes for one profile."""
    rate = np.array([option.data / option.symbols for option in options])
    lost = np.array([met.lost(code, option.index, option.symbols) for option in options])
    most = int(np.argmax(rate * (1 - lost)))
    cheap = rate * dearest >= rate[most] if dearest < math.inf else np.ones(len(rate), dtype=bool)
    good = cheap & (lost <= target)
    if good.any():
        return options[int(np.argmax(np.where(good, rate, 0)))]
    return options[int(np.argmin(np.where(cheap, lost, 2))) if dearest < math.inf else most]


def _steps(snr_db: float) -> int:
    return math.floor(STEPS * min(max(snr_db, LOWEST_DB), HIGHEST_DB) + 1e-4)


def _packed(met: Profile) -> bytes:
    out = io.BytesIO()
    np.savez(out, effective_db=met.effective_db, lengths=met.lengths, modulations=met.modulations)
    return out.getvalue()


def _unpacked(blob: bytes) -> Profile:
    with np.load(io.BytesIO(blob), allow_pickle=False) as read:
        lengths, modulations = (tuple(map(int, read[name])) for name in ("lengths", "modulations"))
        return Profile(read["effective_db"], lengths, modulations)
