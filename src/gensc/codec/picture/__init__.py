"""Picture files (JPEG, JPEG 2000, WebP, AVIF, JPEG XL, raw) as what a link sends, and a learned receiver for them."""

from gensc.codec.picture.codec import Picture
from gensc.codec.picture.restored import Restored

__all__ = ["Picture", "Restored"]
