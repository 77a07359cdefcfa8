"""Codecs: a batch of items into a payload, and back."""

from gensc.codec.backbone import Backbone
from gensc.codec.base import Codec

__all__ = ["Backbone", "Codec"]
