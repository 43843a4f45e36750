"""Peak memory of indexing and packing, for the paper's 82 patients and for 2,000.

    python benchmarks/memory.py [--layout dicom]

Each study is synthetic and small in pixels; its patients are many. Every step runs in a process of
its own, whose peak is the operating system's count of resident memory. It counts the packed
pixels' mapped file as well, which the system writes out when memory is short: so they are told
beside it.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SCRIPTS = Path(__file__).parents[1] / "workflow/scripts"
PATIENTS = (82, 2000)
SIDE, SLICES = 32, (19, 40)  # pixels; slices a patient, as CT-ICH has them


def step(name: str, folder: Path, layout: str, patients: int) -> None:
    """Run one step of a study in `folder` and print its peak memory in MiB."""
    sys.path.insert(0, str(SCRIPTS))
    data = folder / "data"
    tables = {key: str(folder / f"{key}.csv") for key in ("inventory", "listing")}
    kept = {key: str(folder / f"{key}.csv") for key in ("slices", "patients")}
    common = {"dataset": str(data), "format": layout}
    if name == "draw":
        from ctseq.phantom.layouts import write_phantom

        write_phantom(data, patients=patients, positive=patients // 2, image_size=SIDE,
                      layout=layout, slices=SLICES, seed=1)  # fmt: skip
    elif name == "index":
        from index_dataset import main

        main(**common, **tables, problems=str(folder / "problems.csv"), on_problem="exclude")
    elif name == "select":
        from select_slices import main

        made = {"summary": str(folder / "s.json"), "sorted_folder": str(folder / "sorted")}
        main(**common, **tables, **kept, **made)
    else:
        from pack_pixels import main

        steps = {"resize": SIDE, "resample": 2, "crop": None, "scale": None, "offset": 0.0}
        facts = {"preprocessing": steps | {"mean": None, "std": None}}
        (folder / "model.json").write_text(json.dumps(facts))
        made = (folder / "model.json", folder / "pixels.npy", folder / "pixels.csv")
        options = {"format": layout, "window": "brain", "shard": (1, 1), "threads": 2}
        main(data, kept["slices"], *made, **options)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(peak / 1024 if sys.platform != "darwin" else peak / 1024**2)  # Linux: KiB, macOS: bytes


def main(arguments: list[str] | None = None) -> None:
    """Measure every step for every number of patients."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--layout", default="ct-ich-jpg")
    parser.add_argument("--patients", type=int, nargs="+", default=PATIENTS, help="(82 2000)")
    parser.add_argument("--step", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.step:
        name, folder, patients = asked.step
        step(name, Path(folder), asked.layout, int(patients))
        return
    print(f"layout {asked.layout}, {SIDE} x {SIDE} pixels, {SLICES[0]} to {SLICES[1]} slices")
    print(f"{'patients':>8}  {'step':<7}{'peak, MiB':>10}{'seconds':>9}")
    for patients in asked.patients:
        with tempfile.TemporaryDirectory() as folder:
            for name in ("draw", "index", "select", "pack"):
                started = time.monotonic()
                own = ["--layout", asked.layout, "--step", name, folder, str(patients)]
                command = [sys.executable, __file__, *own]
                answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603
                peak, took = float(answer.stdout), time.monotonic() - started
                print(f"{patients:>8}  {name:<7}{peak:>10.0f}{took:>9.0f}", flush=True)
            packed = Path(folder, "pixels.npy").stat().st_size / 1024**2
            print(f"{patients:>8}  packed pixels: {packed:.0f} MiB", flush=True)


if __name__ == "__main__":
    main()
