"""How long `import gensc` and `gensc --help` take, against a bare interpreter.

    python benchmarks/startup.py
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

ROUNDS = 11


def median_s(command: list[str]) -> float:
    """Median wall time of a command after one warm-up."""
    times = []
    for _ in range(ROUNDS + 1):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


def main() -> None:
    """Print the three medians."""
    bare = median_s([sys.executable, "-c", "pass"])
    imported = median_s([sys.executable, "-c", "import gensc"])
    helped = median_s([str(Path(sys.executable).with_name("gensc")), "--help"])
    print(f"python -c pass  {bare:.3f} s")
    print(f"import gensc    {imported:.3f} s in all, {imported - bare:.3f} s above the bare interpreter")
    print(f"gensc --help    {helped:.3f} s")


if __name__ == "__main__":
    main()
