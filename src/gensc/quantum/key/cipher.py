"""One message under one key: encrypted, authenticated, and opened whole or not at all."""

from typing import Literal

Cipher = Literal["otp", "aes-gcm"]
TAG_BYTES = 16
_POLY1305_KEY = 32
_AES_KEY, _NONCE = 32, 12


def key_bytes(cipher: Cipher, size: int) -> int:
    """How many bytes of key a message of ``size`` bytes spends."""
    return size + _POLY1305_KEY if cipher == "otp" else _AES_KEY + _NONCE


def seal(cipher: Cipher, key: bytes, name: bytes, text: bytes) -> bytes:
    """``text`` encrypted, then a tag of 16 bytes on it and on ``name``, which goes in the clear.

    "otp": one-time pad, and Poly1305 under a key that is used for this tag alone; with key that is uniform and secret
    both hold against any computer (Vernam 1926; Wegman and Carter, JCSS 22, 1981; a forgery of L bytes passes with
    at most 8 ceil(L/16) / 2^106, Bernstein, FSE 2005). The tag is of the text, not of the cipher text: its key hides
    it perfectly, and it finds pads that differ at the two ends too.
    "aes-gcm": AES-256-GCM (NIST SP 800-38D) with a key and nonce of its own for each message; its secrecy is
    computational. ``key`` has ``key_bytes`` bytes and must never be used again.
    """
    if cipher == "otp":
        return _xor(text, key[_POLY1305_KEY:]) + _tag(key, name, text)
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key[:_AES_KEY]).encrypt(key[_AES_KEY:], text, name)


def unseal(cipher: Cipher, key: bytes, name: bytes, sealed: bytes) -> bytes | None:
    """The text that was sealed with the same key and name, None where a bit of anything differs."""
    if cipher == "otp":
        from cryptography.hazmat.primitives.constant_time import bytes_eq

        text = _xor(sealed[:-TAG_BYTES], key[_POLY1305_KEY:])
        return text if bytes_eq(_tag(key, name, text), sealed[-TAG_BYTES:]) else None
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return AESGCM(key[:_AES_KEY]).decrypt(key[_AES_KEY:], sealed, name)
    except InvalidTag:
        return None


def _xor(text: bytes, pad: bytes) -> bytes:
    assert len(text) == len(pad), "a pad is as long as its text"
    return (int.from_bytes(text) ^ int.from_bytes(pad)).to_bytes(len(text))


def _tag(key: bytes, name: bytes, text: bytes) -> bytes:
    """Poly1305 of the name, of fixed length at both ends, and the text."""
    from cryptography.hazmat.primitives.poly1305 import Poly1305

    return Poly1305.generate_tag(key[:_POLY1305_KEY], name + text)
