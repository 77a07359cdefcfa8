"""A joint source-channel code whose decoder is trained to please the eye."""

from gensc.codec.gan.codec import Gan

__all__ = ["Gan"]
