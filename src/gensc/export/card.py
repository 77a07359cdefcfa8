"""The page that goes with an exported data set, as the Hugging Face hub shows it."""

import shlex
from collections.abc import Mapping, Sequence
from importlib.metadata import version

from gensc.codec.backbone import Backbone
from gensc.data.source import Source
from gensc.export.encode import width
from gensc.export.overview import digest
from gensc.export.schema import shown
from gensc.zoo.network import weights_of

_PAGE = """\
---
configs:
- config_name: default
  data_files: "*.parquet"
tags:
- semantic-communication
---
# {spec}: pictures and their features over AWGN

{items:,} items of {classes} classes, written by gensc {version} in the format of GenSC-6G.

    {command}

SHA-256 of the items and labels (as `gensc data inspect` prints it for the source): `{digest}`

## Columns
{columns}

## Features
{models}

`classification_MODEL_features` are the network's outputs as they are. `classification_awgnNdB_MODEL_features`
are what a receiver gets of them over complex AWGN at Es/N0 = N dB: two features are one channel use, every
item is sent at unit mean power, noise is CN(0, N0), and the item's own power is restored. So the SNR holds
item by item: 10 log10(mean clean^2 / mean (noisy - clean)^2) is N dB, up to the chance of one draw. (The code
of the GenSC-6G paper takes N for a plain ratio: its "10" is 10 dB, but its "30" is 14.8 dB.)

The noise is drawn for each item's content, the seed and the SNR; it is the same for all networks.

## Licence
The pictures keep the licence of their source, and the features follow it: check both before you publish them.
"""


def text(source: Source, codecs: Mapping[str, Backbone], levels: Sequence[float], size: int, seed: int,
         columns: Sequence[str]) -> str:
    """The data set card (Markdown) of an export."""
    options = {"data": source.spec, "backbones": ",".join(codecs), "snr-db": ",".join(map(shown, levels)),
               "size": str(size), "seed": str(seed)}
    command = ["gensc", "data", "export", *(word for name, value in options.items() for word in (f"--{name}", value))]
    return _PAGE.format(
        spec=source.spec, items=len(source), classes=len(source.classes), version=version("gensc"),
        command=shlex.join(command), digest=digest(source), columns="\n".join(f"- `{name}`" for name in columns),
        models="\n".join(_model(name, codec) for name, codec in codecs.items()),
    )


def _model(name: str, codec: Backbone) -> str:
    weights = weights_of(name)
    what = "logits" if codec.net.num_classes else "pooled features (the network has no classifier)"
    return (f"- `{name}`: {width(codec)} {what} of timm `{weights.network}`, licence {weights.licence}, "
            f"weights SHA-256 `{codec.weights}`")
