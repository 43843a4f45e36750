"""What a reader lists, as tables, and what selection makes of an index."""

from ctseq.intake import selection
from ctseq.intake.counts import count_flow, count_used
from ctseq.readers.contents import FILES, SLICES, frame


def list_files(reader, folder):
    """Return what a reader finds, as `contents.FILES`, in no special order."""
    return frame([file[:-1] for file in reader.list_contents(folder).files], FILES)


def list_slices(reader, folder):
    """Return the slices that a reader finds, as `contents.SLICES`: patients by id, then by rank."""
    rows = [
        (file.patient_id, number, rank, file.path)
        for file in reader.list_contents(folder).files
        for number, rank in file.slices
    ]
    slices = frame(rows, SLICES)
    return slices.sort_values(["patient_id", "rank"], ignore_index=True)


def select_slices(inventory, listing, demographics):
    """Return slices, patients and summary of a study."""
    slices, patients = selection.select_slices(listing, demographics)
    flow = count_flow(inventory, listing, patients)
    return slices, patients, count_used(slices, patients) | {"flow": flow}
