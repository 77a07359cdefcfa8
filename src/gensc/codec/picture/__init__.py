"""Picture files (JPEG, JPEG 2000, WebP, AVIF, JPEG XL, raw) as the payload of a link."""

from gensc.codec.picture.codec import Picture

__all__ = ["Picture"]
