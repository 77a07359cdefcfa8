"""GenSC-6G: the data set of the paper, from the Hugging Face hub."""

import re
from pathlib import Path

import huggingface_hub
from huggingface_hub.errors import HfHubHTTPError

from gensc.data.parquet import Parquet
from gensc.data.source import Source
from gensc.errors import InputError
from gensc.registry import register

REPOSITORY = "CQILAB/GenSC-6G"
COMMAND = f"hf download {REPOSITORY} --repo-type dataset"
SPLITS = ("train", "test")


@register("data", "gensc6g")
def gensc6g(argument: str = "", size: int = 224) -> Source:
    """``gensc6g:train`` or ``gensc6g:test``: 4,829 and 1,320 photographs of 16 vehicle classes; ``gensc6g``:
    both.

    ``argument`` names the split and ``size`` is the working size in pixels, 0 for pictures as they are. The Parquet
    files are kept in the hub's cache. Raises InputError with the command that gets them where they cannot be had.
    """
    if argument and argument not in SPLITS:
        raise InputError(f"gensc6g:{argument}: expected gensc6g, gensc6g:train or gensc6g:test")
    files = sorted(_snapshot().rglob("*.parquet"))
    chosen = [file for file in files if not argument or re.match(rf"{argument}\b", file.name)]
    _check_complete(chosen, argument)
    return Parquet(f"gensc6g:{argument}" if argument else "gensc6g", chosen, size)


def _snapshot() -> Path:
    """The folder of the data set's Parquet files, downloaded if need be."""
    try:
        folder = huggingface_hub.snapshot_download(REPOSITORY, repo_type="dataset",
                                                   allow_patterns="*.parquet")
    except (OSError, HfHubHTTPError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"gensc6g: the hub cannot be reached and the files are not here ({reason}); "
                         f"get them with: {COMMAND}") from error
    return Path(folder)


def _check_complete(files: list[Path], argument: str) -> None:
    """An interrupted download leaves some of NAME-00000-of-00003.parquet: another data set, silently."""
    lacking = [shard for file in files for shard in _shards_of(file) if not shard.exists()]
    if lacking or not files:
        what = f"{lacking[0].name} is missing" if lacking else f"there is no {argument or '*'}.parquet"
        raise InputError(f"gensc6g: the copy in the hub's cache is not complete ({what}); "
                         f"get it with: {COMMAND}")


def _shards_of(file: Path) -> list[Path]:
    """All the files that a shard NAME-00001-of-00003.parquet is one of."""
    shard = re.fullmatch(r"(.*)-(\d+)-of-(\d+)\.parquet", file.name)
    if not shard:
        return [file]
    name, number, count = shard.groups()
    return [file.with_name(f"{name}-{i:0{len(number)}d}-of-{count}.parquet") for i in range(int(count))]
