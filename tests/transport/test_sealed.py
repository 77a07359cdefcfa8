"""Sealed links: what arrives is what was sent, what was touched is lost, and the key is paid for."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gensc import config, registry
from gensc.batch import Batch
from gensc.channel import AWGN, Rayleigh
from gensc.config import LinkSpec
from gensc.errors import InputError
from gensc.experiment.run import caveats
from gensc.quantum.key.cipher import key_bytes, seal, unseal
from gensc.quantum.key.keystore import KeyStore
from gensc.rng import Rng
from gensc.signal import MAIN, State
from gensc.testing import check_bytes
from gensc.transport import Digital
from gensc.transport.sealed import OVERHEAD, Sealed

CIPHERS = ["otp", "aes-gcm"]
FREE = {"name": "digital", "uses": 0}
PACKING = {"values": 16}


def state(snr_db, items, seed=0):
    return State.of(snr_db, items, Rng.seeded(seed, "tests", "sealed"))


def ready(transport, shape=None):
    transport.bind({MAIN: shape})
    return transport.eval()


def sent(transport, part, at):
    return transport({MAIN: part}, at)


def stored(folder: Path, size: int, **options) -> Sealed:
    """A link with two key stores that hold ``size`` bytes of the same key."""
    data = np.random.default_rng(5).bytes(size)
    for name, role in (("a", "sender"), ("b", "receiver")):
        KeyStore.create(folder / name, role).add(data)
    return ready(Sealed(keys=str(folder / "a"), receiver_keys=str(folder / "b"), **{"inner": FREE, **options}))


def tampered(transport: Sealed, change) -> None:
    """Let an attacker change the messages of every delivery of the inner transport."""
    transport.inner.register_forward_hook(lambda _, __, out: replace(out, parts={MAIN: tuple(map(change, out.main))}))


@pytest.mark.parametrize("cipher", CIPHERS)
def test_every_single_bit_change_is_refused(cipher, generator):
    text, name = generator.bytes(1250), (77).to_bytes(8, "big")
    key = generator.bytes(key_bytes(cipher, len(text)))
    sealed = seal(cipher, key, name, text)
    whole, refused = name + sealed, 0
    assert len(whole) == len(text) + OVERHEAD and unseal(cipher, key, name, sealed) == text
    for bit in range(8 * len(whole)):
        changed = bytearray(whole)
        changed[bit // 8] ^= 1 << bit % 8
        refused += unseal(cipher, key, bytes(changed[:8]), bytes(changed[8:])) is None
    assert refused == 8 * len(whole) >= 10_000


@pytest.mark.parametrize("cipher", CIPHERS)
def test_every_single_bit_change_of_key_is_refused(cipher, generator):
    text, name = generator.bytes(40), bytes(8)
    key = generator.bytes(key_bytes(cipher, len(text)))
    sealed = seal(cipher, key, name, text)
    for bit in range(8 * len(key)):
        changed = bytearray(key)
        changed[bit // 8] ^= 1 << bit % 8
        # Poly1305 clears 22 bits of its key (RFC 8439, 2.5): they are spent and change nothing.
        cleared = cipher == "otp" and ((bit // 8 in (3, 7, 11, 15) and bit % 8 > 3)
                                       or (bit // 8 in (4, 8, 12) and bit % 8 < 2))
        assert (unseal(cipher, bytes(changed), name, sealed) is None) != cleared


def test_the_ciphers_are_those_of_their_standards():
    # RFC 8439, 2.5.2, with its message cut into the name and the text; the pad is zero.
    key = bytes.fromhex("85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b")
    message = b"Cryptographic Forum Research Group"
    sealed = seal("otp", key + bytes(26), message[:8], message[8:])
    assert sealed == message[8:] + bytes.fromhex("a8061dc1305136c6c22b8baf0c0127a9")
    # McGrew and Viega, The Galois/Counter Mode of Operation, test case 14, where there is no name.
    assert seal("aes-gcm", bytes(44), b"", bytes(16)) == bytes.fromhex(
        "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919")


@pytest.mark.parametrize("cipher", CIPHERS)
def test_a_sealed_link_delivers_what_the_bare_one_does(cipher, tmp_path, generator):
    data = tuple(generator.bytes(size) for size in (1, 90, 700, 3000))
    bare = sent(ready(Digital(uses=0, mcs=4)), data, state(12.0, 4))
    for transport in (ready(Sealed(cipher=cipher, inner={**FREE, "mcs": 4})),
                      stored(tmp_path, 20_000, cipher=cipher, inner={**FREE, "mcs": 4})):
        out = sent(transport, data, state(12.0, 4))
        assert out.main == bare.main == data and out.ok.all()
        assert torch.equal(out.cost.bits, bare.cost.bits) and (out.cost.uses > bare.cost.uses).all()
        longer = sent(ready(Digital(uses=0, mcs=4)), tuple(one + bytes(OVERHEAD) for one in data), state(12.0, 4))
        assert torch.equal(out.cost.uses, longer.cost.uses), "name and tag are paid for, no more"
        sizes = [key_bytes(cipher, len(one)) for one in data]
        assert transport.key_bytes(out.cost).tolist() == sizes
        assert sizes == [len(one) + 32 if cipher == "otp" else 44 for one in data]
    assert KeyStore(tmp_path / "a").left == KeyStore(tmp_path / "b").left == 20_000 - sum(sizes)


def test_a_photograph_arrives_as_over_the_bare_link():
    beside = Path(__file__).parents[3] / "shared" / "data"
    folder = Path(os.environ.get("GENSC_TEST_DATA", beside)) / "bsds" / "train"
    if not folder.is_dir():
        pytest.skip(f"no test data at {folder}; set GENSC_TEST_DATA")
    photo = Image.open(sorted(folder.glob("*.jpg"))[0]).convert("RGB")
    pixels = torch.from_numpy(np.array(photo)).permute(2, 0, 1)[None, :, :320, :320].float() / 255
    codec = registry.create("codec", "picture", format="webp")
    batch = Batch(x=pixels, item=torch.zeros(1, dtype=torch.int64))
    seen = {}
    for name, transport in (("sealed", Sealed(Rayleigh(), inner={"name": "digital", "uses": 40_000, "mcs": 3})),
                            ("bare", Digital(Rayleigh(), uses=40_000, mcs=3))):
        ready(transport)
        at = replace(state(25.0, 1, seed=1), shape=batch.shape, values=batch.values)
        # Both get the picture file that fits the budget of the sealed one.
        told = ready(Sealed(inner={"name": "digital", "uses": 40_000, "mcs": 3})).inform(at)
        parts = codec.encode(codec.prepared(batch), told.sender())
        out = transport(parts, at)
        seen[name] = out.main, codec.decode(out, told.receiver())[MAIN], out.cost.uses
        assert out.ok.all() and len(parts[MAIN][0]) > 4000
    assert seen["sealed"][0] == seen["bare"][0]
    assert all(torch.equal(one, other) for one, other in zip(seen["sealed"][1:], seen["bare"][1:], strict=True))


def featured(uses):
    return ready(Digital(uses=uses, mcs=5, packing=PACKING), (24,))


@pytest.mark.parametrize("cipher", CIPHERS)
def test_features_arrive_as_over_the_bare_link_with_the_same_budget(cipher):
    with Rng.seeded(0).torch_seeded():
        inner = {"name": "digital", "uses": 500, "mcs": 5, "packing": PACKING}
        sealed = ready(Sealed(cipher=cipher, inner=inner), (24,))
    uses = next(uses for uses in range(100, 500)
                if featured(uses).inform(state(15.0, 1)).budget == sealed.inform(state(15.0, 1)).budget)
    bare = featured(uses)
    assert list(bare.state_dict()) == list(sealed.state_dict()), "weights of a bare link serve a sealed one"
    bare.load_state_dict(sealed.state_dict())
    payload = Rng.seeded(3).of(6).normal(24)
    with torch.no_grad():
        assert torch.equal(sent(sealed, payload, state(15.0, 6)).main, sent(bare, payload, state(15.0, 6)).main)


@pytest.mark.parametrize("cipher", CIPHERS)
def test_what_was_touched_is_lost_and_the_rest_arrives(cipher, tmp_path, generator):
    transport, data = stored(tmp_path, 9000, cipher=cipher), tuple(generator.bytes(60) for _ in range(3))
    flip = iter(range(8 * (60 + OVERHEAD)))
    chosen = [next(flip) for _ in range(8 * (60 + OVERHEAD))][::97]
    for bit in chosen:
        hits = iter((True, False, False))

        def change(message, hits=hits, bit=bit):
            broken = bytearray(message)
            broken[bit // 8] ^= (1 << bit % 8) * next(hits)
            return bytes(broken)

        handle = transport.inner.register_forward_hook(
            lambda _, __, out, change=change: replace(out, parts={MAIN: tuple(map(change, out.main))}))
        out = sent(transport, data, state(20.0, 3))
        handle.remove()
        # A changed name points at key of another message, which it spends.
        assert out.main[0] is None and not out.ok[0]
        assert bit < 64 or out.main[1:] == data[1:]


@pytest.mark.parametrize("change", [lambda message: message[:-1], lambda message: message + b"\0",
                                    lambda message: message[:OVERHEAD], lambda message: message[:3],
                                    lambda message: b"\xff" * 8 + message[8:], lambda message: b""])
def test_messages_of_another_shape_are_lost(change, tmp_path, generator):
    transport = stored(tmp_path, 2000)
    tampered(transport, change)
    assert sent(transport, (generator.bytes(50),), state(20.0, 1)).main == (None,)


def test_a_message_that_is_repeated_is_refused(tmp_path, generator):
    transport, kept = stored(tmp_path, 2000), []

    def repeat(message):
        kept.append(message)
        return kept[0]

    tampered(transport, repeat)
    data = generator.bytes(50), generator.bytes(50)
    assert sent(transport, data, state(20.0, 2)).main == (data[0], None)
    assert sent(transport, data[:1], state(20.0, 1)).main == (None,)


def test_a_shortage_stops_the_link_and_sends_nothing(tmp_path, generator):
    transport = stored(tmp_path, 200)
    passed = []
    transport.inner.register_forward_pre_hook(lambda _, given: passed.append(given))
    with pytest.raises(InputError, match="has 200 bytes of key left and 264 are needed"):
        sent(transport, (generator.bytes(100), generator.bytes(100)), state(20.0, 2))
    assert not passed and KeyStore(tmp_path / "a").left == 200
    assert sent(transport, (generator.bytes(100),), state(20.0, 1)).ok.all()


def test_no_key_is_spent_on_what_is_not_sent(tmp_path, generator):
    transport = stored(tmp_path, 500, inner={"name": "digital", "uses": 300, "mcs": 3})
    most = transport.inform(state(20.0, 1)).budget[0]
    data = b"", generator.bytes(most + 1), generator.bytes(5)
    out = sent(transport, data, state(20.0, 3))
    assert out.main == (None, None, data[2]) and KeyStore(tmp_path / "a").left == 500 - 37
    transport.train()
    feature = stored(tmp_path / "c", 100, inner={"name": "digital", "uses": 300})
    feature.bind({MAIN: (8,)})
    assert sent(feature.train(), torch.ones(2, 8), state(10.0, 2)).ok.all()
    assert KeyStore(tmp_path / "c" / "a").left == 100


def test_what_is_on_the_air_tells_nothing_of_the_text(tmp_path):
    transport, seen = stored(tmp_path, 60_000), []
    transport.inner.register_forward_pre_hook(lambda _, given: seen.extend(given[0][MAIN]))
    sent(transport, (bytes(20_000), b"\xff" * 20_000), state(20.0, 2))
    for message in seen:
        bits = np.unpackbits(np.frombuffer(message[8:], np.uint8))
        assert abs(bits.mean() - 0.5) < 4.5 * 0.5 / len(bits) ** 0.5
        assert abs((bits[1:] == bits[:-1]).mean() - 0.5) < 4.5 * 0.5 / len(bits) ** 0.5


@pytest.mark.parametrize("inner", [FREE, {"name": "capacity"}, {"name": "digital", "uses": 700, "mcs": 2}], ids=str)
def test_over_other_transports(inner):
    check_bytes(lambda: Sealed(AWGN(), inner=inner))


@pytest.mark.slow
def test_over_wifi7():
    check_bytes(lambda: Sealed(AWGN(), cipher="aes-gcm", inner={"name": "wifi7", "uses": 0, "bandwidth_mhz": 40}))


@pytest.mark.parametrize(("options", "words"), [
    ({"cipher": "rot13"}, "'otp', 'aes-gcm'"),
    ({"keys": "nowhere"}, "two ends"),
    ({"keys": "nowhere", "receiver_keys": "nowhere"}, "two files"),
    ({"keys": "nowhere", "receiver_keys": "neither"}, "no key store"),
    ({"receiver_keys": "nowhere"}, "both ends, or neither"),
    ({"inner": {"uses": 5}}, "by name"),
    ({"inner": {"name": "digital", "channel": "awgn"}}, "without a channel"),
    ({"inner": {"name": "analog"}}, "carries no bytes"),
    ({"inner": {"name": "sealed"}}, "carries no bytes in the clear"),
    ({"inner": {"name": "digtal"}}, "did you mean 'digital'"),
], ids=str)
def test_wrong_options_are_named(options, words):
    with pytest.raises(InputError, match=words):
        registry.create("transport", "sealed", **options)


def test_stores_that_change_places_are_refused(tmp_path):
    """A pad whose message was lost is unspent at the receiver: sent from there, it would be met twice."""
    stored(tmp_path, 500)
    with pytest.raises(InputError, match=r"keys is '.*b', the receiver's key store; expected the sender's"):
        Sealed(keys=str(tmp_path / "b"), receiver_keys=str(tmp_path / "a"))


@pytest.mark.parametrize("cipher", CIPHERS)
def test_no_key_of_a_store_is_met_twice_in_a_sweep(cipher, tmp_path, generator):
    """At every SNR and every seed, the lost messages of low SNR included."""
    transport, seen = stored(tmp_path, 20_000, cipher=cipher, inner={**FREE, "mcs": 9}), []
    transport.inner.register_forward_pre_hook(lambda _, given: seen.extend(given[0][MAIN]))
    data = tuple(generator.bytes(40) for _ in range(4))
    for snr_db in (-5.0, 5.0, 20.0):
        for seed in (0, 1):
            sent(transport, data, state(snr_db, 4, seed))
    starts = sorted(int.from_bytes(message[:8], "big") for message in seen)
    size = key_bytes(cipher, 40)
    assert starts == list(range(0, 24 * size, size)) and transport.caveats() == ()


def test_simulated_key_is_met_again_at_another_snr_and_is_said_to_be(generator):
    transport, seen = ready(Sealed(inner=FREE)), []
    transport.inner.register_forward_pre_hook(lambda _, given: seen.extend(given[0][MAIN]))
    texts = generator.bytes(30), generator.bytes(30)
    for text, snr_db in zip(texts, (10.0, 20.0), strict=True):
        sent(transport, (text,), state(snr_db, 1))
    bodies = [int.from_bytes(one[8:38], "big") for one in seen]
    assert bodies[0] ^ bodies[1] == int.from_bytes(texts[0], "big") ^ int.from_bytes(texts[1], "big")
    (said,) = transport.caveats()
    assert "the same one-time pad at every SNR" in said and "protects nothing" in said


def test_key_from_a_seed_is_said_to_be_no_secret(tmp_path):
    transport = stored(tmp_path, 100)
    for name in ("a", "b"):
        KeyStore(tmp_path / name).add(b"key" * 9, seed=3)
    (said,) = transport.caveats()
    assert "repeatable, not secret: it was drawn from seed 3" in said


def test_the_report_notes_what_is_to_be_known_of_a_key():
    sealed = LinkSpec(config.Part("picture"), config.Part("sealed"), task=config.Part("reconstruct"))
    bare = replace(sealed, transport=config.Part("digital"))
    experiments = [config.Experiment(name="x", link=link) for link in (bare, sealed, sealed)]
    assert caveats(experiments) == Sealed().caveats() and caveats(experiments[:1]) == ()


def test_features_need_a_budget():
    with pytest.raises(InputError, match=r"transport\.inner\.uses"):
        Sealed(inner=FREE).bind({MAIN: (8,)})


def test_too_long_an_item_spends_no_key(tmp_path):
    transport = stored(tmp_path, 100)
    with pytest.raises(InputError, match="at most 8388584 bytes"):
        sent(transport, (bytes(8 * 2**20 - 20),), state(20.0, 1))
    assert KeyStore(tmp_path / "a").left == 100


def test_there_is_one_channel_and_no_weight_twice():
    transport = ready(Sealed(registry.create("channel", "learned"), inner={"name": "digital", "uses": 500}), (24,))
    weights = [value.data_ptr() for value in transport.state_dict().values()]
    assert len(weights) == len(set(weights))
    transport.channel = Rayleigh()
    assert transport.channel is transport.inner.channel and isinstance(transport.channel, Rayleigh)
    assert not any("model" in name for name in transport.state_dict())


def test_the_price_of_what_is_sealed_is_what_is_paid(generator):
    transport, sizes = ready(Sealed(inner=FREE)), [0, 1, 50, 700]
    told = transport.inform(state(14.0, 4))
    out = sent(transport, tuple(generator.bytes(size) for size in sizes), told)
    assert torch.equal(told.price(MAIN, sizes), out.cost.uses)
