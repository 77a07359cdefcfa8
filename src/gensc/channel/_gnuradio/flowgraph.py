"""The GNU Radio side: a script for GNU Radio's own Python, which imports nothing of gensc.

It talks in lines of JSON. First line out: {"gnuradio": VERSION}, or {"missing": REASON}. Then, for every
two lines in, one burst:
    in   {"source": ADDRESS, "samples": N, "noise_voltage", "frequency_offset", "epsilon", "taps", "seed"}
    out  {"sink": ADDRESS}     N samples complex64 are to be read there
    in   {"stop": N}           they have been read
    out  {"done": N}           the burst's flow graph has ended
A flow graph lives for one burst, so its oscillator starts at phase 0 and its noise at the seed.
"""

import json
import os
import queue
import sys
import threading
from typing import Any, TextIO

POLL_MS = 10
COMPLEX64 = 8


def main() -> None:
    # This folder: none of its files may stand in for a module of GNU Radio's.
    del sys.path[0]
    # One kernel whatever the alignment of the buffers: the same burst gives the same bits.
    os.environ["VOLK_GENERIC"] = "1"
    # What GNU Radio's libraries print themselves goes to stderr: our lines have a stream of their own.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    try:
        from gnuradio import blocks, channels, gr, zeromq  # type: ignore[import-not-found]  # noqa: F401
    except Exception as error:
        say(answers, {"missing": f"{type(error).__name__}: {error}"})
        return
    commands: queue.Queue[dict[str, Any]] = queue.Queue()
    threading.Thread(target=listen, args=(commands,), daemon=True).start()
    say(answers, {"gnuradio": gr.version()})
    while True:
        burst(commands, answers)


def listen(commands: "queue.Queue[dict[str, Any]]") -> None:
    """Commands into the queue; when the other side is gone, so is this process, whatever it waits for."""
    for line in sys.stdin:
        commands.put(json.loads(line))
    os._exit(0)


def burst(commands: "queue.Queue[dict[str, Any]]", answers: TextIO) -> None:
    """One burst's flow graph, from its command to its end."""
    from gnuradio import blocks, channels, gr, zeromq

    command = commands.get()
    graph = gr.top_block()
    source = zeromq.pull_source(COMPLEX64, 1, command["source"], POLL_MS)
    model = channels.channel_model(
        command["noise_voltage"], command["frequency_offset"], command["epsilon"],
        [complex(*tap) for tap in command["taps"]], command["seed"])
    head = blocks.head(COMPLEX64, command["samples"])
    sink = zeromq.push_sink(COMPLEX64, 1, "tcp://127.0.0.1:*", POLL_MS)
    graph.connect(source, model, head, sink)
    say(answers, {"sink": sink.last_endpoint()})
    graph.start()
    # The source waits for more for ever: the burst is over when its samples have been read.
    commands.get()
    graph.stop()
    graph.wait()
    say(answers, {"done": command["samples"]})


def say(answers: TextIO, message: dict[str, Any]) -> None:
    """One line to the other side."""
    answers.write(json.dumps(message) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
