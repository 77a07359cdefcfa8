"""Codecs: a batch of items into parts to send, and back."""

from gensc.codec.backbone import Backbone
from gensc.codec.base import Codec
from gensc.codec.decision import Decision
from gensc.codec.deepjscc import DeepJscc
from gensc.codec.diffusion import Diffusion
from gensc.codec.gan import Gan
from gensc.codec.jscc import Jscc
from gensc.codec.modules import Modules
from gensc.codec.picture import Picture, Restored
from gensc.codec.vae import Vae, VaeSymbols

__all__ = ["Backbone", "Codec", "Decision", "DeepJscc", "Diffusion", "Gan", "Jscc", "Modules", "Picture", "Restored",
           "Vae", "VaeSymbols"]
