"""A channel from another package joins by an entry point, with one short file."""

import os
import subprocess
import sys
from pathlib import Path

CHANNEL = '''
"""A channel with a random sign, as a third party would write it."""

from gensc.channel import Channel
from gensc.channel.base import faded
from gensc.registry import register


@register("channel", "flip")
class Flip(Channel):
    """y = s x + n with s = +1 or -1, one an item."""

    def distort(self, signal, state):
        sign = (state.child("sign").rng.uniform(1) < 0.5) * 2.0 - 1.0
        return faded(signal, sign.to(signal.x.dtype))
'''

USE = """
from gensc import registry
from gensc.testing import check_channel
assert "flip" in registry.names("channel"), registry.names("channel")
check_channel(lambda: registry.create("channel", "flip"))
print(registry.create("channel", "flip").__module__)
"""


def test_a_channel_from_another_package_is_found_and_checked(tmp_path):
    (tmp_path / "flip_channel.py").write_text(CHANNEL)
    info = tmp_path / "flip_channel-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: flip-channel\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[gensc]\nflip = flip_channel\n")
    assert len(CHANNEL.splitlines()) < 30
    source = Path(__file__).parents[2] / "src"
    path = os.pathsep.join([str(tmp_path), str(source)])
    done = subprocess.run([sys.executable, "-c", USE], env={**os.environ, "PYTHONPATH": path},
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "flip_channel"
