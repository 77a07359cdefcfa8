"""A channel from another package joins by an entry point: the very file that the documentation shows."""

import os
import subprocess
import sys
from pathlib import Path

DOCUMENTED = (Path(__file__).parents[2] / "docs" / "new-part.md").read_text(encoding="utf-8")
CHANNEL = DOCUMENTED.split("```python\n", 1)[1].split("```", 1)[0]

USE = """
from gensc import registry
from gensc.testing import check_channel
assert "shadowing" in registry.names("channel"), registry.names("channel")
check_channel(lambda: registry.create("channel", "shadowing"))
print(registry.create("channel", "shadowing").__module__)
"""


def test_a_channel_from_another_package_is_found_and_checked(tmp_path):
    (tmp_path / "shadowing_channel.py").write_text(CHANNEL)
    info = tmp_path / "shadowing_channel-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shadowing-channel\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[gensc]\nshadowing = shadowing_channel\n")
    assert len(CHANNEL.splitlines()) < 30
    source = Path(__file__).parents[2] / "src"
    path = os.pathsep.join([str(tmp_path), str(source)])
    done = subprocess.run([sys.executable, "-c", USE], env={**os.environ, "PYTHONPATH": path},
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "shadowing_channel"
