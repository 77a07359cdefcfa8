"""The laws every part keeps, as checks that anybody may run on a part of their own.

>>> from gensc.testing import check_channel
>>> from gensc.channel import AWGN
>>> check_channel(lambda: AWGN())

Each check raises AssertionError that says which law is broken and by how much.
"""

from gensc.testing.bytes import check_bytes
from gensc.testing.channels import check_channel
from gensc.testing.codecs import check_codec
from gensc.testing.links import check_training
from gensc.testing.tasks import check_task
from gensc.testing.transports import check_transport

__all__ = ["check_bytes", "check_channel", "check_codec", "check_task", "check_training", "check_transport"]
