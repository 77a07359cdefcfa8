"""The adversarial codec: the joint source-channel code, and a decoder for when there is almost no bandwidth."""

from torch import nn

from gensc.codec.jscc import Jscc
from gensc.codec.pretrained import Mark, codec_of
from gensc.errors import InputError
from gensc.registry import register


@register("codec", "gan")
class Gan(Jscc):
    """Codec jscc with a decoder that is trained by task reconstruct with loss = "adversarial".

    ``base``: a packaged link, or a link file, of codec jscc. Its encoder and the first layers of its decoder stay as
    they are: the symbols on the air are those of the base, so that a receiver may choose between the two decoders
    symbol by symbol, and a link file holds only the layers that are this codec's own. "": everything is new and
    learns. ``cbr``, ``train_cbr``: as for codec jscc.
    (Mentzer et al., "High-fidelity generative image compression", NeurIPS 2020, over a channel.)
    """

    who = "codec 'gan'"

    def __init__(self, base: str = "", cbr: float = 1 / 192, train_cbr: tuple[float, ...] = (1 / 192,)) -> None:
        super().__init__(cbr, train_cbr)
        found = codec_of(base) if base else None
        if found is not None:
            if type(found) is not Jscc:
                raise InputError(f"{self.who}: base {base!r} is a link of another codec; expected one of codec 'jscc'")
            self.load_state_dict(found.state_dict())
            for part in self.kept_parts():
                part.requires_grad_(False)
        self.base = Mark(found)

    def kept_parts(self) -> tuple[nn.Module, ...]:
        """What stays as it is in the base."""
        decoder = self.decoder
        return self.encoder, decoder.known, decoder.head, *list(decoder.coarse.blocks)[:-1]
