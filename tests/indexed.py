"""What a reader lists, as tables, and what selection makes of an index."""

from ctseq.intake import selection
from ctseq.intake.counts import count_flow, count_used
from ctseq.intake.demographics import read_demographics
from ctseq.intake.index import index_dataset
from ctseq.readers.contents import FILES, SLICES, frame


def list_files(reader, folder):
    """Return what a reader finds, as `contents.FILES`, in no special order."""
    return frame([file[:-1] for file in reader.list_contents(folder).files], FILES)


def list_slices(reader, folder):
    """Return the slices that a reader finds, as `contents.SLICES`: scans by id, then by rank."""
    rows = [
        (file.scan_id, file.patient_id, *slice_, file.path)
        for file in reader.list_contents(folder).files
        for slice_ in file.slices
    ]
    return frame(rows, SLICES).sort_values(["scan_id", "rank"], ignore_index=True)


def select_slices(inventory, listing, demographics, series, target="hemorrhage"):
    """Return slices, scans and summary of a dataset."""
    slices, scans = selection.select_slices(listing, demographics, series, target=target)
    flow = count_flow(inventory, listing, scans)
    return slices, scans, count_used(slices, scans, inventory) | {"flow": flow}


def selected(folder, format, *, on_problem="error", target="hemorrhage", labels=None):
    """Take a folder through index and selection: its slices, scans and summary."""
    index = index_dataset(folder, format, on_problem=on_problem, target=target, labels=labels)
    people = read_demographics(folder)
    return select_slices(index.inventory, index.listing, people, index.series, target)
