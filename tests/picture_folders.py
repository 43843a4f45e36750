"""Datasets of pictures written by hand."""

from PIL import Image

PATIENTS = ("p1", "p2", "p3", "p4")


def save_picture(path, grey):
    """Write a picture of 4 x 4 pixels, one of which differs from the others."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.new("L", (4, 4), grey)
    picture.putpixel((0, 0), 255)
    picture.save(path)


def write_pictures(folder, ending=".png"):
    """Write two patients, of whom the second bleeds, and their label table; return the folder."""
    for patient in range(2):
        for number in range(3):
            save_picture(folder / f"p{patient}/{number}{ending}", 60 * patient + 10 * number)
    (folder / "labels.csv").write_text("patient_id,label\np0,0\np1,1\n")
    return folder


def write_unlabelled(folder):
    """Write three pictures of each of `PATIENTS`, no two alike; return the folder."""
    for patient in PATIENTS:
        for number in (1, 2, 3):
            save_picture(folder / patient / f"slice_{number}.png", 60 * int(patient[1]) + number)
    return folder
