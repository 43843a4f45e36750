"""Peak memory of indexing, selecting and packing, for the paper's 82 patients and for 25,000.

    python benchmarks/memory.py [--patients 82 25000] [--layout dicom]

By default a reader makes up 30 slices a patient, 8 x 8 pixels, with a file of another kind beside
each, so that tables are all there is and nothing has to be drawn. With a layout, synthetic patients
are written in it and read from the disk. Every step runs in a process of its own, whose peak is the
operating system's count of resident memory.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow/scripts"))

from ctseq.readers import registry  # noqa: E402
from ctseq.readers.contents import Contents, File  # noqa: E402

PATIENTS = (82, 25_000)
SIDE, SLICES = 8, 30
SIDE_DRAWN, SLICES_DRAWN = 32, (19, 40)


def made_up(patients: int) -> SimpleNamespace:
    """Return a reader of a dataset without files: paths and ids as long as RSNA 2019's."""
    names = [f"ID_{patient:08x}" for patient in range(patients)]
    numbers = range(1, SLICES + 1)

    def files():
        for name in names:
            for number in numbers:
                path = f"{name}/Unknown Study/CT/ID_{number:08x}.dcm"
                yield File(path, "slice", name, number, slices=[(number, number)])
                yield File(path.replace("CT", "bone"), "bone", name, number, reason="bone")

    def labels():
        rows = ((patient, number) for patient in range(patients) for number in numbers)
        for row, (patient, number) in enumerate(rows, start=2):
            bleeds = int(patient % 2 and number > SLICES - 5)
            flags = (bleeds, 0, 0, 0, 0, bleeds)
            yield ("labels.csv", row, f"ID_{patient:08x}", number, *flags, "", "")

    def open_sequence(folder, slices, windows=None):
        first = int(slices["patient_id"].iloc[0].removeprefix("ID_"), 16) * SLICES
        # No two slices have the same pixels.
        return lambda index: (
            np.arange(SIDE**2, dtype=np.uint8).reshape(SIDE, SIDE)
            ^ np.frombuffer(np.uint64(first + index).tobytes(), np.uint8)
        )

    return SimpleNamespace(
        LOOKED_FOR="nothing",
        OWN_WINDOW=None,
        recognises=lambda folder: "its name",
        list_contents=lambda folder, table=None: Contents(files(), labels()),
        open_sequence=open_sequence,
    )


def step(name: str, folder: Path, layout: str, patients: int) -> None:
    """Run one step of a study in `folder` and print its peak memory in MiB."""
    data = folder / "data"
    data.mkdir(exist_ok=True)
    if layout == "made-up":
        registry.READERS[layout] = made_up(patients)
    tables = {k: str(folder / f"{k}.csv") for k in ("inventory", "listing", "demographics")}
    kept = {k: str(folder / f"{k}.csv") for k in ("slices", "patients")}
    recognised = str(folder / "format.json")
    if name == "draw":
        from ctseq.phantom.layouts import write_phantom

        write_phantom(data, patients=patients, positive=patients // 2, image_size=SIDE_DRAWN,
                      layout=layout, slices=SLICES_DRAWN, seed=1)  # fmt: skip
    elif name == "index":
        from index_dataset import main

        made = {"recognised": recognised, "problems": str(folder / "problems.csv")}
        main(dataset=str(data), format=layout, **tables, **made, on_problem="exclude", threads=2)
    elif name == "select":
        from select_slices import main

        made = {"summary": str(folder / "s.json"), "sorted_folder": str(folder / "sorted")}
        main(dataset=str(data), **tables, **kept, **made)
    else:
        from pack_pixels import main

        steps = {"resize": SIDE, "resample": 2, "crop": None, "scale": None, "offset": 0.0}
        facts = {"preprocessing": steps | {"mean": None, "std": None}}
        (folder / "model.json").write_text(json.dumps(facts))
        made = (folder / "model.json", folder / "pixels.npy", folder / "pixels.csv")
        options = {"window": "brain", "shard": (1, 1), "threads": 2}
        main(data, recognised, kept["slices"], *made, **options)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(peak / 1024 if sys.platform != "darwin" else peak / 1024**2)  # Linux: KiB, macOS: bytes


def main(arguments: list[str] | None = None) -> None:
    """Measure every step for every number of patients."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--layout", default="made-up", help="draw patients in this layout first")
    parser.add_argument("--patients", type=int, nargs="+", default=PATIENTS, help="(82 25000)")
    parser.add_argument("--step", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.step:
        name, folder, patients = asked.step
        step(name, Path(folder), asked.layout, int(patients))
        return
    print(f"layout {asked.layout}\n{'patients':>8}  {'step':<7}{'peak, MiB':>10}{'seconds':>9}")
    for patients in asked.patients:
        with tempfile.TemporaryDirectory() as folder:
            for name in ("draw", "index", "select", "pack")[asked.layout == "made-up" :]:
                started = time.monotonic()
                own = ["--layout", asked.layout, "--step", name, folder, str(patients)]
                command = [sys.executable, __file__, *own]
                answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603
                seconds, peak = time.monotonic() - started, float(answer.stdout)
                print(f"{patients:>8}  {name:<7}{peak:>10.0f}{seconds:>9.0f}", flush=True)


if __name__ == "__main__":
    main()
