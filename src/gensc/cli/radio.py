"""Commands of the software radio: radio send, receive, transmit, record, devices."""

from pathlib import Path
from typing import Annotated

import typer

from gensc.cli.stop import stopping
from gensc.errors import InputError

Device = Annotated[str, typer.Option(help="SoapySDR's name: a driver such as hackrf, or driver=rtlsdr,serial=7.")]
Gain = Annotated[float | None, typer.Option(help="Gain in dB; without it the driver's own.")]
Centre = Annotated[float, typer.Option(help="Centre frequency in Hz.")]
Out = Annotated[Path, typer.Option(help="The recording to write: NAME makes NAME.sigmf-meta and NAME.sigmf-data.")]
LONGEST_S = 600.0


def add(app: typer.Typer) -> None:
    """Add these commands to the root."""
    radio = typer.Typer(help="Software radio: files as Wi-Fi 7 frames in SigMF recordings, and devices.",
                        no_args_is_help=True)
    for command in (send, receive, transmit, record, devices):
        radio.command()(command)
    app.add_typer(radio, name="radio")


def send(
    file: Annotated[Path, typer.Argument(help="Any file, such as a photograph.")],
    out: Out,
    mcs: Annotated[int, typer.Option(help="Modulation and coding, 0 (robust) to 13 (fast).")] = 4,
    bandwidth_mhz: Annotated[int, typer.Option(help="Bandwidth: 20, 40, 80, 160 or 320 MHz.")] = 20,
    guard_us: Annotated[float, typer.Option(help="Guard interval: 0.8, 1.6 or 3.2 us.")] = 0.8,
    segment_bytes: Annotated[int, typer.Option(help="The most bytes that a frame carries.")] = 1500,
    gap_us: Annotated[float, typer.Option(help="Silence between frames in us.")] = 100.0,
    centre_hz: Centre = 5.25e9,
) -> None:
    """Write a file as Wi-Fi 7 frames to a SigMF recording.

    Example: gensc radio send photo.webp --out frames --mcs 4
    """
    with stopping(f"nothing is left at {out}"):
        from gensc.phy.wifi7.phy import Phy
        from gensc.radio.recording import open_recording
        from gensc.radio.send import send_file

        phy = Phy(bandwidth_mhz, mcs, guard_us)
        written = open_recording(send_file(file, out, phy, segment_bytes, gap_us, centre_hz))
    milliseconds = 1e3 * len(written) / written.sample_rate_hz
    print(f"{len(written.annotations)} frames, {len(written)} samples, {milliseconds:.1f} ms of air: {written.path}")


def receive(
    recording: Annotated[Path, typer.Argument(help="A SigMF recording, at 20, 40, 80, 160 or 320 MS/s.")],
    out: Annotated[Path, typer.Option(help="The folder for the files and packets.csv: new, or empty.")],
) -> None:
    """Find the Wi-Fi 7 frames in a recording, and put together the files that they carry.

    Example: gensc radio receive frames --out received
    """
    with stopping(f"what was received so far is lost; nothing is in {out} but whole files"):
        from gensc.radio.receive import receive_recording, save
        from gensc.radio.recording import open_recording

        found = receive_recording(open_recording(recording))
        written = iter(save(found, out))
    arrived = sum(one.psdu is not None for one in found.packets)
    print(f"{'frames':<8} {len(found.packets)} found, {arrived} received: {out / 'packets.csv'}")
    for stream in found.streams:
        if stream.content is not None:
            print(f"{'file':<8} {next(written)}: {len(stream.content)} bytes in {stream.count} segments")
        else:
            print(f"{'lost':<8} stream {stream.stream.hex()}: {len(stream.missing)} of {stream.count} segments are "
                  f"missing: {_named(stream.missing)}")
    if not found.streams:
        print("none of the frames carries a segment of a file" if found.packets else "the recording holds no frame")


def transmit(
    recording: Annotated[Path, typer.Argument(help="A SigMF recording.")],
    device: Device,
    centre_hz: Annotated[float | None, typer.Option(help="Centre frequency in Hz, else the recording's.")] = None,
    gain_db: Gain = None,
) -> None:
    """Send a recording over a SoapySDR device. You need a licence for the frequency.

    Example: gensc radio transmit frames --device hackrf
    """
    from gensc.radio.device import Device as Radio
    from gensc.radio.device import Tuning
    from gensc.radio.recording import open_recording

    held = open_recording(recording)
    centre = centre_hz if centre_hz is not None else held.centre_hz
    if centre is None:
        raise InputError(f"{recording} says no centre frequency: give one with --centre-hz")
    with stopping("the burst was cut off"), Radio(device, Tuning(held.sample_rate_hz, centre, gain_db)) as radio:
        radio.transmit(held.read(0, len(held)))
    print(f"{len(held)} samples sent at {centre / 1e6:g} MHz")


def record(
    device: Device, out: Out,
    seconds: Annotated[float, typer.Option(help="How long to listen.")] = 1.0,
    bandwidth_mhz: Annotated[int, typer.Option(help="Million samples a second.")] = 20,
    centre_hz: Centre = 5.25e9,
    gain_db: Gain = None,
) -> None:
    """Record from a SoapySDR device to a SigMF recording.

    Example: gensc radio record --device rtlsdr --seconds 2 --out heard
    """
    if not 0 < seconds <= LONGEST_S:
        raise InputError(f"--seconds is {seconds}: expected more than 0 and at most {LONGEST_S:g}")
    from gensc.radio.device import CHUNK, Tuning
    from gensc.radio.device import Device as Radio
    from gensc.radio.sigmf import write_recording

    rate = bandwidth_mhz * 1e6
    count = round(seconds * rate)
    with stopping(f"nothing is left at {out}"), Radio(device, Tuning(rate, centre_hz, gain_db)) as radio:
        heard = ((part, None) for part in radio.listen(count, CHUNK))
        written = write_recording(out, heard, rate, centre_hz, f"{seconds:g} s from {device}")
    print(f"{count} samples at {centre_hz / 1e6:g} MHz: {written}")


def devices() -> None:
    """List the radios that SoapySDR finds.

    Example: gensc radio devices
    """
    from gensc.radio.device import described
    from gensc.radio.device import devices as found

    names = [described(one) for one in found()]
    print("\n".join(names) if names else "no radio found: plug one in, or install its SoapySDR module")


def _named(missing: tuple[int, ...]) -> str:
    """The first few segment numbers."""
    shown = ", ".join(map(str, missing[:10]))
    return shown + (f" and {len(missing) - 10} more" if len(missing) > 10 else "")
