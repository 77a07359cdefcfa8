"""Learned joint source-channel coding of pictures."""

from gensc.codec.jscc.codec import Jscc

__all__ = ["Jscc"]
