"""CT-ICH in its JPG layout, written from rows of its diagnosis table: two patients."""

from PIL import Image

from ctseq.intake.index import index_dataset
from indexed import selected

HEADER = (
    "PatientNumber,SliceNumber,Intraventricular,Intraparenchymal,Subarachnoid,Epidural,Subdural,"
    "No_Hemorrhage,Fracture_Yes_No"
)
NO, EPIDURAL = "0,0,0,0,0,1,0", "0,0,0,1,0,0,0"
HEALTHY = {f"49,{k}": NO for k in (1, 2, 10)}
BLEEDING = {"50,1": NO, "50,2": EPIDURAL, "50,3": EPIDURAL}


def write(folder, rows, images=None, size=(4, 4)):
    """Write a dataset of these rows, with images for each row or for those named."""
    for name in images if images is not None else rows:
        patient, number = name.split(",")
        path = folder / f"Patients_CT/{int(patient):03d}/brain/{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", size, 90).save(path)
    lines = rows if isinstance(rows, list) else [f"{k},{cells}" for k, cells in rows.items()]
    (folder / "hemorrhage_diagnosis.csv").write_text("\n".join([HEADER, *lines]) + "\n")


def index(folder, on_problem="exclude"):
    return index_dataset(folder, "ct-ich-jpg", on_problem=on_problem, threads=2)[:3]


def select(folder, on_problem="exclude"):
    return selected(folder, "ct-ich-jpg", on_problem=on_problem)


def rows_of(changes):
    """List the diagnosis rows after `changes`: cells to replace, None to leave out."""
    rows = HEALTHY | BLEEDING | changes
    return {name: cells for name, cells in rows.items() if cells is not None}


def repeat_row(folder):
    lines = [f"{k},{cells}" for k, cells in (HEALTHY | BLEEDING).items()]
    write(folder, [*lines, f"049,2,{NO}"], [])


def cut_image(folder):
    (folder / "Patients_CT/049/brain/2.jpg").write_bytes(b"")
