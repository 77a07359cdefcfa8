"""Streams that decode alone: the model and its parameters are in them, and counted.

Layout: one byte (bits 0-1 family, 2-4 strength, 5 map, 6 centred, 7 zero), the smallest token (zigzag varint), the
number of tokens less one (varint); [centre, zigzag varint]; [location and scale, a byte each]; [positions a channel
and width of a row, varints]; the range coder's bytes. The number of values comes from the caller.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gensc.errors import InputError
from gensc.phy.entropy import tokens
from gensc.phy.entropy.coder import Coder, Meter, Reader, Writer
from gensc.phy.entropy.families import FLAT, LAPLACE, Model, fit
from gensc.phy.entropy.header import Fields, put_signed, put_unsigned
from gensc.phy.entropy.order import code_map, code_vector

_MAX_POSITIONS = 4096
Values = Tensor | np.ndarray


@dataclass(frozen=True)
class _Plan:
    """How values are coded: ``positions`` a channel in rows of ``width`` for a map, 0 for a vector."""

    model: Model
    centre: int
    positions: int = 0
    width: int = 0


def encode(values: Values) -> bytes:
    """The shortest stream found for whole numbers: a vector [n], or a map [C,H,W] or [C,L] (channels first).

    A map's channels are coded with what is known of their neighbouring values. Any int32 value goes. Raises
    InputError for an empty tensor, one with other than 1 to 3 axes, fractions or values beyond int32.
    """
    return _chosen(_whole(values))[1]


def information_bits(values: Values, stream: bytes) -> tuple[float, int]:
    """The parts of a stream of ``values``, in bits: their information content under its model, and its header."""
    array, meter = _whole(values), Meter()
    plan, start = _read_header(stream, array.size)
    _code(meter, array.reshape(-1), plan)
    return meter.bits, 8 * start


def decode(data: bytes, n: int) -> Tensor:
    """The n values int32 [n] of a stream (a map comes back flat, in its own order).

    Bytes that ``encode`` did not write, or another n, give InputError or wrong values; time and memory follow n.
    """
    if n < 1:
        raise InputError(f"decode: n is {n}; expected the number of values in the stream, 1 or more")
    plan, start = _read_header(data, n)
    values = _code(Reader(data[start:]), np.zeros(n, dtype=np.int64), plan)
    if values.min() < -2**31 or values.max() >= 2**31:
        raise InputError("the entropy-coded stream is damaged: it holds values beyond 32 bits")
    return torch.from_numpy(values.astype(np.int32))


def encode_many(values: Values) -> tuple[bytes, ...]:
    """One stream an item: values [B,n], [B,C,L] or [B,C,H,W]."""
    return tuple(encode(item) for item in values)


def decode_many(streams: Sequence[bytes | None], n: int) -> tuple[Tensor, Tensor]:
    """(values int32 [B,n], ok bool [B]); a stream that is missing (None) or damaged gives zeros and not ok."""
    values, ok = torch.zeros(len(streams), n, dtype=torch.int32), torch.zeros(len(streams), dtype=torch.bool)
    for row, stream in enumerate(streams):
        if stream is None:
            continue
        try:
            values[row] = decode(stream, n)
            ok[row] = True
        except InputError:
            continue
    return values, ok


def _whole(values: Values) -> np.ndarray:
    array = values.detach().cpu().numpy() if isinstance(values, Tensor) else np.asarray(values)
    if array.dtype.kind not in "iu":
        raise InputError(f"encode: values are {array.dtype}; quantise them to whole numbers (int32) first")
    if array.size == 0 or array.ndim not in (1, 2, 3):
        raise InputError(f"encode: values have shape {array.shape}; expected a vector [n] or a map [C,H,W] with values")
    if array.min() < -2**31 or array.max() >= 2**31:
        raise InputError(f"encode: values reach from {array.min()} to {array.max()}; expected 32-bit whole numbers")
    return array.astype(np.int64)


def _chosen(array: np.ndarray) -> tuple[_Plan, bytes]:
    """The plan with the shortest stream for values [n], [C,L] or [C,H,W], and that stream."""
    centre = 0 if np.abs(array).max() < tokens.DIRECT else int(np.sort(array, axis=None)[array.size // 2])
    model, bits = fit(tokens.tokenise(array.reshape(-1) - centre)[0])
    flat = _Plan(model, centre)
    positions = array[0].size if array.ndim > 1 else 0
    if not 2 <= positions <= _MAX_POSITIONS or model.first == model.last:
        return flat, _written(array, flat)
    by_position = _Plan(model, centre, positions, array.shape[-1])
    stream = _written(array, by_position)
    if 8 * len(stream) <= bits:
        return by_position, stream
    return min((by_position, stream), (flat, _written(array, flat)), key=lambda found: len(found[1]))


def _written(array: np.ndarray, plan: _Plan) -> bytes:
    writer = Writer()
    _code(writer, array.reshape(-1), plan)
    return _header(plan) + writer.finish()


def _code(coder: Coder, values: np.ndarray, plan: _Plan) -> np.ndarray:
    """Values int64 [n] through ``coder`` (a Reader uses only n): tokens first, then the raw bits by their number."""
    model = plan.model
    token, raw, _ = tokens.tokenise(values - plan.centre)
    symbols = (token - model.first).astype(np.int32)
    if model.first == model.last:
        symbols = np.zeros_like(symbols)
    elif plan.positions:
        symbols = code_map(coder, symbols.reshape(-1, plan.positions), model, plan.width).reshape(-1)
    else:
        symbols = code_vector(coder, symbols, model)
    token = symbols.astype(np.int64) + model.first
    width_of = tokens.smallest(token)[1]
    low = _raw(coder, raw & 0xFFFF, np.minimum(width_of, 16))
    high = _raw(coder, raw >> 16, np.maximum(width_of - 16, 0))
    return tokens.detokenise(token, low + (high << 16)) + plan.centre


def _raw(coder: Coder, values: np.ndarray, width: np.ndarray) -> np.ndarray:
    """Equally likely values int64 [n] of ``width`` bits each (0 to 16) through ``coder``."""
    out, some = np.zeros_like(values), width > 0
    if some.any():
        out[some] = coder.uniform(values[some].astype(np.int32), (1 << width[some]).astype(np.int32))
    return out


def _header(plan: _Plan) -> bytes:
    model = plan.model
    flags = model.family | model.strength << 2 | (plan.positions > 0) << 5 | (plan.centre != 0) << 6
    parts = [bytes([flags]), put_signed(model.first), put_unsigned(model.last - model.first)]
    if plan.centre:
        parts.append(put_signed(plan.centre))
    if model.family != FLAT:
        parts.append(bytes([model.location, model.scale]))
    if plan.positions:
        parts += [put_unsigned(plan.positions), put_unsigned(plan.width)]
    return b"".join(parts)


def _read_header(data: bytes, n: int) -> tuple[_Plan, int]:
    """The plan in a stream of n values, and the length of its header; refuses what no ``encode`` writes."""
    fields = Fields(data)
    flags = fields.byte()
    first = fields.signed()
    last = first + fields.unsigned()
    centre = fields.signed() if flags & 64 else 0
    family = flags & 3
    location, scale = (fields.byte(), fields.byte()) if family != FLAT else (0, 0)
    positions, width = (fields.unsigned(), fields.unsigned()) if flags & 32 else (0, 0)
    sound = flags < 128 and family <= LAPLACE and -tokens.LAST <= first <= last <= tokens.LAST and abs(centre) <= 2**31
    if flags & 32:
        sound &= 2 <= positions <= _MAX_POSITIONS and n % positions == 0 and width > 0 and positions % width == 0
    if not sound:
        raise InputError(f"this is no entropy-coded stream of {n} values: its header says otherwise")
    return _Plan(Model(first, last, family, flags >> 2 & 7, location, scale), centre, positions, width), fields.place
