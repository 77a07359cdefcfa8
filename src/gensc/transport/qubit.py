"""Parts on qubits: embedded, sent through noise with or without a code or teleportation, measured."""

from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor

from gensc.errors import InputError
from gensc.phy import crc
from gensc.phy.quantise import Uniform
from gensc.quantum.qubit.correction import Name, code
from gensc.quantum.qubit.noise import Kind, Noise
from gensc.quantum.qubit.path import Path
from gensc.quantum.qubit.readout import amplitude, amplitude_qubits, angle, basis
from gensc.registry import register
from gensc.signal import Cost, Delivery, Form, Parts, State, one_part, tensor_of
from gensc.transport.base import Transport, flat, only_features
from gensc.transport.bytewise import arrived
from gensc.units import airtime_s

Embedding = Literal["amplitude", "angle", "bits"]
SCALE_BITS = 16
"""The scale of an item as bfloat16, off by at most 0.4 %."""
CRC_BITS = 32


@register("transport", "qubit")
class Qubit(Transport):
    """Features or bytes -> qubits -> noise on each, in a code or teleported if asked for -> measurement -> the same.

    ``embedding`` of features [B,F]; without noise each gives x back, on average over the shots:

    - "amplitude": (|0>|reference> + |1>|a>)/sqrt 2 on ceil(log2 F) + 1 qubits, with a = x/|x| and an even reference.
      The norm |x|, which the state does not hold, goes as side information; the signs, which squared amplitudes do
      not show, are told by the interference with the reference. ``shots`` copies; the mean square error of their
      estimate is nearly F/shots of |x|^2. A zero vector is refused.
    - "angle": a qubit RY(theta)|0> for each value, cos theta = x/max|x|, ``shots`` copies measured along Z; max|x| goes
      as side information.
    - "bits": ``depth`` bits a value, uniform between -max|x| and max|x| (side information), on basis states that are
      read once (``shots`` 1); to half a step. Bytes of a codec go so too, with a CRC of 32 bits: an item whose CRC
      fails is lost.

    ``noise`` and ``p``: what each physical qubit meets (see quantum.noise.Noise). ``correction``: the code around each
    logical qubit, ``length`` of it for "repetition"; code capacity, so that encoding and syndromes have no error.
    ``teleported``: halves of pairs meet the noise, ``rounds`` of distillation mend them, and the qubits are teleported.

    Cost: a use is one qubit sent, copies, code and the pairs of failed distillation (on average) included. Classical
    bits beside them (the scale, 16; two a qubit teleported; the messages of distillation) are taken to arrive and count
    as one use each, which is what they would cost on qubits. ``bits``: those of the payload, and of the scale.
    ``qubits_per_s`` gives seconds. Syndrome qubits stay at the receiver and cost no use.

    There is no radio channel here and ``snr_db`` plays no role: the noise is ``p``. Sweep it by a grid over
    ``link.transport.p``, one SNR in ``evaluate.snr_db``.
    """

    power = "none"

    def __init__(self, embedding: Embedding = "amplitude", noise: Kind = "depolarizing", p: float = 0.01,
                 correction: Name = "none", length: int = 3, teleported: bool = False, rounds: int = 0,
                 shots: int = 1024, depth: int = 6, qubits_per_s: float = 1e6) -> None:
        super().__init__()
        if embedding not in get_args(Embedding):
            raise InputError(f"qubit: embedding is {embedding!r}; expected one of {', '.join(get_args(Embedding))}")
        if shots < 1 or (embedding == "bits" and shots != 1):
            raise InputError(f"qubit: shots is {shots}; expected 1 or more, and 1 with embedding 'bits', whose basis "
                             "states are read once: set shots = 1")
        if not qubits_per_s > 0:
            raise InputError(f"qubit: qubits_per_s is {qubits_per_s}; expected more than 0 qubits a second, e.g. 1e6")
        self.embedding: Embedding = embedding
        self.length, self.shots, self.qubits_per_s = length, shots, qubits_per_s
        self.levels = Uniform.over(-1.0, 1.0, depth)
        self.path = Path(Noise(noise, p), code(correction, length), teleported, rounds)
        self.transfer: Tensor
        self.register_buffer("transfer", self.path.transfer(), persistent=False)

    def under(self, p: float, correction: Name, shots: int) -> "Qubit":
        """The same transport at another noise, in another code and with other copies: nothing in it is learned."""
        other = Qubit(self.embedding, self.path.noise.name, p, correction, self.length, self.path.teleported,
                      self.path.rounds, shots, self.levels.bits, self.qubits_per_s)
        return other.to(self.transfer.device).train(self.training)

    def bind(self, form: Form) -> Form:
        if self.embedding == "bits" and one_part(form, "transport qubit")[1] is None:
            return form
        part, shape = only_features(form, f"qubit with embedding {self.embedding!r}")
        return {part: shape}

    def forward(self, parts: Parts, state: State) -> Delivery:
        name, part = one_part(parts, "transport qubit")
        informed = state if state.plan is not None else self.inform(state)
        if isinstance(part, tuple) and self.embedding == "bits":
            return self._bytes(name, tuple(one or b"" for one in part), informed)
        return self._features(name, tensor_of(part, "transport qubit"), informed)

    def _features(self, name: str, values: Tensor, state: State) -> Delivery:
        features = flat(values, "qubit")
        rng = state.child("qubits").rng
        norm = self.embedding == "amplitude"
        scale = features.double().norm(dim=1).float() if norm else features.abs().amax(dim=1)
        if norm and not bool((scale > 0).all()):
            raise InputError(f"qubit: the features of item {state.rng.items[int(scale.argmin())]} are all 0 and have "
                             "no direction to embed in amplitudes: use embedding 'angle', or features that are not 0")
        unit = features / torch.where(scale > 0, scale, 1)[:, None]
        if self.embedding == "amplitude":
            estimate = amplitude(unit, self.transfer, self.shots, rng)
        elif self.embedding == "angle":
            estimate = angle(unit, self.transfer, self.shots, rng)
        else:
            estimate = unit + (self._quantised(unit.detach(), state) - unit).detach()
        rounded = scale + (scale.detach().bfloat16().float() - scale.detach())
        received = (estimate.float() * rounded[:, None]).view_as(values)
        items, width = features.shape
        carried = width * self.levels.bits if self.embedding == "bits" else 0
        cost = self._cost([self._qubits(width)] * items, SCALE_BITS, [SCALE_BITS + carried] * items)
        ok = torch.ones(items, dtype=torch.bool, device=features.device)
        return Delivery({name: received}, ok, cost.to(features.device))

    def _qubits(self, width: int) -> int:
        """Logical qubits of an item of so many features, all copies."""
        each = {"amplitude": amplitude_qubits(width), "angle": width, "bits": width * self.levels.bits}
        return self.shots * each[self.embedding]

    def _quantised(self, unit: Tensor, state: State) -> Tensor:
        """Values [B,F] in [-1,1] through their bits."""
        index = self.levels.index(unit).cpu()
        places = torch.arange(self.levels.bits - 1, -1, -1)
        sent = (index[..., None] >> places & 1).flatten(1).to(torch.uint8)
        got = torch.stack(basis(list(sent), self.transfer, state.child("qubits").rng)).view(*index.shape, -1)
        return self.levels.value((got.int() << places).sum(dim=2)).to(unit.device)

    def _bytes(self, name: str, data: tuple[bytes, ...], state: State) -> Delivery:
        """Bytes on basis states, behind them their CRC; an item without bytes was given up by its codec."""
        bits = [torch.from_numpy(np.unpackbits(np.frombuffer(crc.append(one, CRC_BITS), np.uint8))) for one in data]
        read = basis(bits, self.transfer, state.child("qubits").rng)
        kept = tuple(crc.check(np.packbits(one.numpy()).tobytes(), CRC_BITS) or None for one in read)
        cost = self._cost([len(one) for one in bits], 0, [8 * len(one) for one in data])
        return Delivery({name: kept}, arrived(kept), cost)

    def _cost(self, qubits: list[int], side: int, bits: list[int]) -> Cost:
        uses = side + torch.tensor(qubits, dtype=torch.float64) * (self.path.sent + self.path.told)
        return Cost(uses.float(), torch.tensor(bits, dtype=torch.float32), airtime_s(uses, self.qubits_per_s))
