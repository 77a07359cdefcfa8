"""Codecs: a batch of items into a payload, and back."""

from gensc.codec.backbone import Backbone
from gensc.codec.base import Codec
from gensc.codec.diffusion import Diffusion
from gensc.codec.gan import Gan
from gensc.codec.jscc import Jscc
from gensc.codec.picture import Picture
from gensc.codec.vae import Vae, VaeSymbols

__all__ = ["Backbone", "Codec", "Diffusion", "Gan", "Jscc", "Picture", "Vae", "VaeSymbols"]
