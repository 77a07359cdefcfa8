import io
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test reads or writes the user's cache."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("GENSC_CACHE", str(folder))
    return folder


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real photographs; tests that want it are skipped without it."""
    beside = Path(__file__).parents[2].parent / "shared" / "data"
    folder = Path(os.environ.get("GENSC_TEST_DATA", beside))
    if not folder.is_dir():
        pytest.skip(f"no test data at {folder}; set GENSC_TEST_DATA")
    return folder


@pytest.fixture(scope="session")
def photo() -> Callable[..., np.ndarray]:
    """photo(seed, size): a smooth random picture uint8 [size,size,3]; two seeds look nothing alike."""

    def make(seed: int, size: int = 48) -> np.ndarray:
        coarse = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
        return np.asarray(Image.fromarray(coarse).resize((size, size), Image.Resampling.BICUBIC))

    return make


@pytest.fixture(scope="session")
def encoded() -> Callable[..., bytes]:
    """encoded(pixels, kind, ...): the bytes of an image file."""

    def make(pixels: np.ndarray, kind: str = "PNG", **options: object) -> bytes:
        out = io.BytesIO()
        Image.fromarray(pixels).save(out, kind, **options)
        return out.getvalue()

    return make


@pytest.fixture
def class_folder(tmp_path: Path, photo: Callable[..., np.ndarray]) -> Callable[..., Path]:
    """class_folder(name, cat=10, dog=10): a folder of PNG files, all different."""

    def make(name: str, first_seed: int = 0, **counts: int) -> Path:
        seed = first_seed
        for label, count in counts.items():
            (tmp_path / name / label).mkdir(parents=True)
            for index in range(count):
                Image.fromarray(photo(seed)).save(tmp_path / name / label / f"{index:03d}.png")
                seed += 1
        return tmp_path / name

    return make
