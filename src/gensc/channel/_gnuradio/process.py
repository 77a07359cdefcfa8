"""The process that runs the flow graph: found, started, listened to and ended."""

import contextlib
import json
import os
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
import weakref
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gensc.errors import InputError, RunLost

SCRIPT = Path(__file__).with_name("flowgraph.py")
SYSTEM_PYTHON = "/usr/bin/python3"
START_S = 60.0
QUOTED = 300
INSTALL = ("install it with `sudo apt install gnuradio` (Debian, Ubuntu), or name the interpreter that has it "
           "with the option python")


class FlowgraphProcess:
    """A started flow-graph process; ``python`` "" tries the system's python3 and those on PATH.

    It ends with this process, however that ends: the end of its input is its order to stop.
    Raises InputError where no interpreter has GNU Radio.
    """

    def __init__(self, python: str = "") -> None:
        tried = {}
        for candidate in [python] if python else interpreters():
            missing = self._start(candidate)
            if missing is None:
                return
            tried[candidate] = missing
        reasons = "; ".join(f"{one}: {reason}" for one, reason in tried.items())
        raise InputError(f"GNU Radio can't be started ({reasons or 'there is no python3 on PATH'}): {INSTALL}")

    def tell(self, message: dict[str, Any]) -> None:
        """Send it one line. Raises RunLost where the process is gone."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()
        except (OSError, ValueError):
            raise self.lost("is gone") from None

    def hear(self, timeout_s: float) -> dict[str, Any]:
        """The next line that it says. Raises RunLost where it dies or stays silent for ``timeout_s``."""
        try:
            line = self._lines.get(timeout=timeout_s)
        except queue.Empty:
            raise self.lost(f"said nothing for {timeout_s:g} s") from None
        if line is None:
            raise self.lost("died")
        try:
            message: dict[str, Any] = json.loads(line)
        except ValueError:
            raise self.lost(f"said {line[:QUOTED]!r}, which is no answer,") from None
        return message

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """Its process number."""
        return self._process.pid

    def lost(self, what: str) -> RunLost:
        """The error of a burst that can't go on; the process is ended."""
        said = self.end()
        code = self._process.returncode
        ended = f"signal {-code}" if code < 0 else f"exit code {code}"
        return RunLost(f"the GNU Radio process {what} ({ended}{'; GNU Radio: ' + said if said else ''}): nothing of "
                       "this burst is kept. Run it again; if that fails too, send shorter bursts or free memory")

    def end(self) -> str:
        """Kill and reap it; the last that it complained of."""
        _kill(self._process)
        self._process.wait()
        self._listener.join()
        for pipe in (self._process.stdin, self._process.stdout):
            # What was still to be written has no reader.
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()
        if self._stderr.closed:
            return ""
        with self._stderr as written:
            size = written.seek(0, os.SEEK_END)
            written.seek(max(0, size - QUOTED))
            return " ".join(written.read().decode(errors="replace").split())

    def _start(self, python: str) -> str | None:
        """Start it under ``python``; None if GNU Radio is there, else why not."""
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115, it lives as long as the process
        try:
            self._process = subprocess.Popen(
                [python, str(SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._stderr, text=True,
                # A group of its own: Ctrl-C is for us alone, and what an interpreter's wrapper starts ends with it.
                start_new_session=True)
        except OSError as error:
            self._stderr.close()
            return error.strerror or str(error)
        weakref.finalize(self, _kill, self._process)
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._listener = threading.Thread(target=_listen, args=(self._process.stdout, self._lines), daemon=True)
        self._listener.start()
        try:
            first = self.hear(START_S)
        except RunLost:
            return "it does not run the flow graph's script"
        if "gnuradio" in first:
            return None
        self.end()
        return str(first.get("missing", first))


def interpreters() -> list[str]:
    """The Pythons that may have GNU Radio: the system's first, then every python3 on PATH, each once."""
    places = [SYSTEM_PYTHON]
    places += [found for folder in os.get_exec_path() if (found := shutil.which("python3", path=folder))]
    seen: dict[str, str] = {}
    for place in places:
        if os.path.exists(place):
            seen.setdefault(os.path.realpath(place), place)
    return list(seen.values())


def _kill(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def _listen(said: Iterable[str], lines: "queue.Queue[str | None]") -> None:
    for line in said:
        lines.put(line)
    lines.put(None)

