import pytest

from gensc import registry
from gensc.data.open import open_source
from gensc.data.source import Source
from gensc.errors import InputError


def test_every_source_is_registered():
    assert {"folder", "gensc6g", "parquet", "vehicles"} <= set(registry.names("data"))


def test_name_and_argument(class_folder):
    root = class_folder("animals", cat=2, dog=2)
    source = open_source(f"folder:{root}", 20)
    assert isinstance(source, Source) and source.item(0).image.shape == (20, 20, 3)
    assert source.spec == f"folder:{root}"


def test_unknown_names_get_the_nearest():
    with pytest.raises(InputError, match=r"there is no data 'vehicle' \(did you mean 'vehicles'\?\)"):
        open_source("vehicle:100")


def test_bare_paths_get_their_reader(class_folder):
    root = class_folder("animals", cat=2)
    with pytest.raises(InputError, match=f"did you mean folder:{root}"):
        open_source(str(root))
    (root / "a.parquet").write_bytes(b"")
    for path in (root, root / "a.parquet"):
        with pytest.raises(InputError, match=f"did you mean parquet:{path}"):
            open_source(str(path))


def test_a_size_below_one_is_refused(class_folder):
    with pytest.raises(InputError, match="working size is -1 pixels"):
        open_source(f"folder:{class_folder('animals', cat=2)}", -1)
