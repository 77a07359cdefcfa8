"""Codecs of pictures whose symbols lie on a grid: what a receiver needs to lay them out."""

from abc import abstractmethod
from typing import ClassVar

from torch import Tensor

from gensc.codec.base import Codec
from gensc.errors import InputError
from gensc.signal import ANY, MAIN, Form, State


class Symbolic(Codec):
    """Pictures [B,3,H,W] as values [B,n], each pair of neighbours one channel symbol, which belong on a grid
    [B,channels,h,w] but for ``head`` values before them; n follows the sides of the picture.

    ``informed``: the decoder is told the quality of what it gets. ``who``: the codec's name in messages.
    """

    who: ClassVar[str]
    channels: int
    informed: ClassVar[bool] = True
    head: ClassVar[int] = 0

    def received(self, form: Form) -> Form:
        """Pictures of any sides. Raises InputError for bytes, and where what is sent is not what is delivered."""
        if form != {MAIN: (ANY,)}:
            raise InputError(f"{self.who} sends a row of symbols and would get {dict(form)}: use transport symbols")
        return {MAIN: (3, ANY, ANY)}

    @abstractmethod
    def lay(self, row: Tensor, height: int, width: int) -> Tensor:
        """Values [B,m] after the head's where they belong in a picture of these sides, [B,channels,h,w]; 0 for what was
        not sent."""

    @abstractmethod
    def unlay(self, grid: Tensor, count: int) -> Tensor:
        """The first ``count`` values, as they are sent, of [B,channels,h,w]: what ``lay`` undoes."""


def picture_sides(state: State, who: str) -> tuple[int, int]:
    """Height and width of the pictures that were sent, which both ends know. Raises InputError for what is none."""
    if len(state.shape) != 3 or state.shape[0] != 3:
        raise InputError(f"{who} sends pictures [3,H,W] and was given items of shape {list(state.shape)}: use data of "
                         "pictures, or another codec")
    return state.shape[1], state.shape[2]
