"""Codecs: a batch of items into a payload, and back."""

from gensc.codec.backbone import Backbone
from gensc.codec.base import Codec
from gensc.codec.jscc import Jscc
from gensc.codec.picture import Picture

__all__ = ["Backbone", "Codec", "Jscc", "Picture"]
