"""Nothing that a DICOM header tells of a person reaches a table, array, figure, log or message."""

from types import SimpleNamespace

import numpy as np
import pytest

from ct_files import HU, ct, save
from ctseq.core.files import write_json
from ctseq.core.logs import rule_log
from ctseq.imaging.preprocessing import Preprocessing
from index_dataset import main as index
from pack_pixels import main as pack
from plot_examples import main as plot_examples
from plot_figures import main as plot_figures
from select_slices import main as select

PLANTED = {
    "PatientName": "Planted^Name",
    "PatientID": "planted-id",
    "PatientBirthDate": "19010203",
    "PatientSex": "F",
    "PatientAge": "087Y",
    "PatientAddress": "Planted Street 1",
    "OtherPatientIDs": "planted-other",
    "StudyDate": "19020304",
    "SeriesDate": "19030405",
    "AcquisitionDateTime": "19040506070809",
    "AccessionNumber": "planted-accession",
    "InstitutionName": "Planted Hospital",
    "ReferringPhysicianName": "Planted^Physician",
    "StudyDescription": "planted study",
    "SeriesDescription": "planted series",
    "DeviceSerialNumber": "planted-device",
    "StudyInstanceUID": "1.2.840.99999.1",
    "SeriesInstanceUID": "1.2.840.99999.2",
    "SOPInstanceUID": "1.2.840.99999.3",
}


@pytest.fixture
def data(tmp_path):
    """Three patients; the last one's files are damaged in ways that programs complain about."""
    for number, patient in enumerate(("a", "b", "c")):
        for k in range(3):
            told = PLANTED | {"PatientID": f"planted-id-{patient}"}
            image = ct(np.tile(HU, (4, 3)) + 3 * number + k, z=5.0 * k, **told)
            image.private_block(0x0019, "planted-private", create=True).add_new(1, "LO", "planted")
            save(image, tmp_path / f"data/{patient}/{k}.dcm")
    path = tmp_path / "data/c/1.dcm"
    path.write_bytes(path.read_bytes()[:-300])
    bad = ct(z=99.0, **PLANTED | {"StudyDate": "Planted^Date", "PatientAge": "planted age"})
    save(bad, tmp_path / "data/c/9.dcm")
    (tmp_path / "data/labels.csv").write_text("patient_id,label\na,1\nb,0\nc,0\n")
    return tmp_path / "data"


def test_no_identifying_tag_is_in_any_output(data, tmp_path, capfd):
    out = tmp_path / "out"
    names = ("inventory", "listing", "demographics", "series")
    tables = {name: str(out / f"{name}.csv") for name in names}
    summary, recognised = str(out / "summary.json"), str(out / "format.json")
    more = {name: str(out / f"{name}.csv") for name in ("problems", "masks")}
    common = {"dataset": str(data), "name": "data", "recognised": recognised} | tables | more
    settings = {"format": "auto", "labels": None, "target": "hemorrhage", "links_into": []}
    kept = {name: str(out / f"{name}.csv") for name in ("slices", "scans")}
    with pytest.raises(SystemExit), rule_log(out / "error.log"):
        index(**common, settings=settings | {"on_problem": "error"})
    shown = capfd.readouterr()
    assert "data/c/1.dcm" in shown.err or "c/1.dcm: patient c" in shown.err
    with rule_log(out / "rules.log"):
        index(**common, settings=settings | {"on_problem": "exclude"})
        made = {"summary": summary, "sorted_folder": str(out / "sorted")}
        select(dataset=str(data), **tables, **kept, **made, target="hemorrhage")
        steps = Preprocessing(8, 2, (8, 8), None, 0.0, None, None)
        write_json({"preprocessing": steps.to_json()}, out / "m.json")
        options = {"window": ["brain", "bone", "subdural"]}
        made = (out / "m.npy", out / "m.csv")
        read = (data, recognised, kept["slices"], out / "m.json")
        pack(*read, *made, **options, shard=[1, 1], threads=2)
        figures = [(out / f"{name}.svg", out / f"{name}.png") for name in ("examples", "flow")]
        options |= {"target": "hemorrhage", "synthetic": False}
        plot_examples(data, recognised, *kept.values(), *figures[0], **options)
        svg, png = ([path] for path in figures[1])
        plot_figures({"summary": summary}, SimpleNamespace(svg=svg, png=png))
    shown = shown.out + shown.err + "".join(capfd.readouterr())
    assert np.load(out / "m.npy").shape[1:] == (3, 8, 8)
    # The links in sorted/ are the dataset itself, which is only read.
    files = [path for path in out.rglob("*") if path.is_file() and not path.is_symlink()]
    written = {path: path.read_bytes().lower() for path in files}
    assert len(written) >= 14
    written["shown"] = shown.encode().lower()
    for value in (*PLANTED.values(), "planted"):
        if len(value) > 1:  # the sex's letter is in every text
            where = [
                str(name) for name, content in written.items() if value.lower().encode() in content
            ]
            assert where == [], value
    assert "sex" in (out / "scans.csv").read_text().splitlines()[0]
    assert "F" not in (out / "scans.csv").read_text().split("\n", 1)[1]
