import subprocess

import pytest

from gensc.channel._gnuradio.process import interpreters


@pytest.fixture(scope="session")
def gnuradio():
    """Skips the test where GNU Radio is not installed."""
    for python in interpreters():
        if subprocess.run([python, "-c", "import gnuradio"], capture_output=True).returncode == 0:
            return
    pytest.skip("GNU Radio is not installed (Debian package gnuradio)")
