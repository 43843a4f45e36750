"""A folder in the layout of CT-ICH's JPG release, written by hand."""

from PIL import Image, ImageDraw

HEADER = (
    "PatientNumber,SliceNumber,Intraventricular,Intraparenchymal,Subarachnoid,Epidural,Subdural,"
    "No_Hemorrhage,Fracture_Yes_No"
)


def write_ct_ich(folder, patients, *, side=40):
    """Write `patients`, id to the string of its slices' labels: ``b`` bleeds, ``-`` does not."""
    rows = []
    for patient, labels in patients.items():
        for number, label in enumerate(labels, start=1):
            for window in ("brain", "bone"):
                path = folder / f"Patients_CT/{patient}/{window}/{number}.jpg"
                _picture(path, int(patient), number, label, side)
            subtypes = "0,0,0,1,0,0" if label == "b" else "0,0,0,0,0,1"
            rows.append(f"{int(patient)},{number},{subtypes},0")
    text = "\r\n".join([HEADER, *rows]) + "\r\n"
    (folder / "hemorrhage_diagnosis.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    return folder


def _picture(path, patient, number, label, side):
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.new("L", (side, side), patient % 100)  # no two patients share a picture
    draw = ImageDraw.Draw(picture)
    draw.ellipse((4, 3, side - 5, side - 4), fill=110 + number, outline=240)
    if label == "b":
        draw.ellipse((side // 2, side // 3, side // 2 + 8, side // 3 + 8), fill=200)
    picture.save(path, format="JPEG", quality=90)
