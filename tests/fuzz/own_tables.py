"""Label tables in words of a hospital's own, and as spreadsheets."""

import importlib.util
from io import BytesIO

from hypothesis import strategies as st

from fuzz.dicom_trees import pick
from fuzz.written import Entry

# What a dataset's `columns` calls a column, and the title that it has.
_OWN = {
    "patient": ("patient", "Fall-Nr."),
    "study": ("scan", "Untersuchung"),
    "number": ("slice", "Schicht"),
    "image": ("image", "Bild"),
    "label": ("label", "Blutung?"),
}
OWN_WORDS = ("Nein", "ja")
# Spreadsheets are drawn where they can be written.
HAS_OPENPYXL = importlib.util.find_spec("openpyxl") is not None


def own_titles(titles):
    """Return other titles than those that are known, and the `columns` that name them."""
    columns = dict(_OWN[title] for title in titles)
    # Mistakes in rows are written with 1.
    columns |= {"positive": [1, OWN_WORDS[1]], "negative": [0, OWN_WORDS[0].lower()]}
    return [_OWN[title][1] for title in titles], columns


def with_workbook(draw, written, header, rows):
    """Return the dataset with a label table as a spreadsheet."""
    name = pick(draw, ("labels.xlsx", "Labels.XLSX"))
    told = "\n".join(" ".join(row) for row in rows).encode()
    entries = (*written.entries, Entry(name, _workbook(header, rows)))
    labels = name if draw(st.booleans()) else None
    return written.with_trait("a workbook", entries=entries, labels=labels, told=(told,))


def _workbook(header, rows):
    """Return the bytes of an .xlsx file, with numbers where a spreadsheet would make them."""
    from openpyxl import Workbook

    book = Workbook()
    book.create_sheet("Tabelle2")
    for row in [header, *rows]:
        book.active.append([_as_typed(cell) for cell in row])
    content = BytesIO()
    book.save(content)
    return content.getvalue()


def _as_typed(cell):
    # Zeros before a number are lost where somebody types it into a spreadsheet.
    if cell.isascii() and cell.isdigit() and len(cell) < 16:
        return int(cell)
    if cell.startswith("="):
        return f" {cell}"  # as text, and no formula
    return {"true": True, "false": False}.get(cell.casefold(), cell)
