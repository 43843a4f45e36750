"""Peak memory of indexing, selecting and packing, for the paper's 82 patients and for 25,000.

    python benchmarks/memory.py [--patients 82 25000] [--layout dicom]

By default scans are made up (`made_up.py`), so that tables are all there is and nothing has to be
drawn. With a layout, synthetic patients are written in it and read from the disk. Every step runs
in a process of its own, whose peak is the operating system's count of resident memory.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow/scripts"))

from ctseq.readers.formats import FORMATS, Format  # noqa: E402

PATIENTS = (82, 25_000)
SIDE = 8
SIDE_DRAWN, SLICES_DRAWN = 32, (19, 40)


def step(name: str, folder: Path, layout: str, patients: int) -> None:
    """Run one step of a study in `folder` and print its peak memory in MiB."""
    data = folder / "data"
    data.mkdir(exist_ok=True)
    if layout == "made-up":
        FORMATS[layout] = Format("made_up", "nothing", "nothing", hounsfield=False, own_labels=True)
        (data / "patients").write_text(str(patients), encoding="utf-8")
        (data / "labels.csv").touch()  # rows are said to come from it, and its digest is kept
    seen = ("inventory", "listing", "demographics", "series")
    tables = {k: str(folder / f"{k}.csv") for k in seen}
    kept = {k: str(folder / f"{k}.csv") for k in ("slices", "scans")}
    recognised = str(folder / "format.json")
    if name == "draw":
        from ctseq.phantom.layouts import write_phantom

        write_phantom(data, patients=patients, positive=patients // 2, image_size=SIDE_DRAWN,
                      layout=layout, slices=SLICES_DRAWN, seed=1)  # fmt: skip
    elif name == "index":
        from index_dataset import main

        made = {"recognised": recognised}
        made |= {k: str(folder / f"{k}.csv") for k in ("problems", "masks")}
        settings = {"format": layout, "labels": None, "target": "hemorrhage", "links_into": []}
        settings |= {"on_problem": "exclude"}
        main(dataset=str(data), name="own", settings=settings, **tables, **made, threads=2)
    elif name == "select":
        from select_slices import main

        made = {"summary": str(folder / "s.json"), "sorted_folder": str(folder / "sorted")}
        main(dataset=str(data), target="hemorrhage", **tables, **kept, **made)
    else:
        from pack_pixels import main

        steps = {"resize": SIDE, "resample": 2, "crop": None, "scale": None, "offset": 0.0}
        facts = {"preprocessing": steps | {"mean": None, "std": None}}
        (folder / "encoder.json").write_text(json.dumps(facts))
        made = (folder / "encoder.json", folder / "pixels.npy", folder / "pixels.csv")
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
