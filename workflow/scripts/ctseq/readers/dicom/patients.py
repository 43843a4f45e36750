"""Whose DICOM files they are: files grouped by patient, as the label table names them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ctseq.core.errors import InputError
from ctseq.core.words import listed
from ctseq.readers.dicom.headers import Header
from ctseq.readers.names import folder_text, patient_key, shared_depth
from ctseq.readers.patient_folders import keys_of, naming_level, shared_patients
from ctseq.readers.problems import PATIENT, problem

# Names of patients that the label table does not know, and of files beside all folders.
_UNKNOWN, _NO_FOLDER = "unlabelled", "without folder"
_SHOWN = 5  # folders or scans that a note names


@dataclass(frozen=True)
class Patients:
    """DICOM files by patient, with ids that never come from the headers alone.

    Attributes
    ----------
    groups
        The name by which label rows know a patient, or one of a patient's scans, to its files.
    patient_of
        A group's name to the patient's id, where this is another one.
    problems
        Folders that hold several patients, and patients that have several folders.
    notes
        What is to be said of how patients were told apart.
    """

    groups: dict[str, list[Header]]
    patient_of: Mapping[str, str] = field(default_factory=dict)
    problems: Sequence[dict[str, Any]] = ()
    notes: Sequence[str] = ()


def group_by_patient(headers: Sequence[Header], pairs: Collection[tuple[str, str]]) -> Patients:
    """Group files by patient.

    The label table decides whether folders or the headers' PatientIDs name patients: those that
    more of its rows name. If it names neither, and each patient has a folder, the folder's name is
    the patient's id; else patients are numbered in the order of their files.

    Parameters
    ----------
    headers
        Of all images, sorted by path.
    pairs
        Scans and patients that the label table names, as `LabelTable.names` returns them.

    Raises
    ------
    InputError
        If the label table names folders as well as PatientIDs, and they disagree, or if nothing
        tells whose files are.
    """
    named = keys_of(pairs)
    level = naming_level((header.path for header in headers), named)
    tags = {header.patient for header in headers} - {""}
    tags_met = {patient_key(tag) for tag in tags} & set(named)
    if level.met or not tags_met:
        # Below the folders that all files share, the first ones are the patients'.
        depth = level.depth if level.met else shared_depth(header.path for header in headers)
        of_folder = _of_folders(headers, depth)
        if tags_met:
            _check_agree(of_folder, level.met, tags_met)
        if len(level.met) >= len(tags_met) and (level.met or _each_has_one(of_folder)):
            return _with_pairs(_by_folder(of_folder, depth, named), pairs)
    of_tag = defaultdict(list)
    for header in headers:
        of_tag[header.patient].append(header)
    notes = _notes_on_tags(of_tag)
    if tags_met:
        return Patients(_named(of_tag, tags_met), notes=notes)
    _check_shared(of_tag)
    width = max(3, len(str(len(of_tag))))
    groups = {f"{n:0{width}d}": own for n, own in enumerate(of_tag.values(), start=1)}
    return Patients(groups, notes=notes)


def _with_pairs(patients: Patients, pairs: Iterable[tuple[str, str]]) -> Patients:
    """Return patients with those whose scans the label table itself tells by name."""
    told = shared_patients(pairs, patients.groups)
    of_both = {group: told.get(patient, patient) for group, patient in patients.patient_of.items()}
    patient_of = told | of_both
    # What is wrong with one of a patient's folders makes all of the patient's scans doubtful.
    problems = [
        {**found, "patient_id": patient_of.get(found["patient_id"], found["patient_id"])}
        for found in patients.problems
    ]
    return replace(patients, patient_of=patient_of, problems=problems)


def _notes_on_tags(of_tag: Mapping[str, Sequence[Header]]) -> list[str]:
    """Return what is to be said of PatientIDs that tell patients apart: those that are empty."""
    n_files = len(of_tag.get("", ()))
    if not n_files:
        return []
    return [
        f"The PatientID of {n_files} files is empty: they count as one patient's. If they are of "
        "several, sort them into a folder for each."
    ]


def _check_shared(of_tag: Mapping[str, Sequence[Header]]) -> None:
    """Raise `InputError` if most files have a PatientID of their own, but not a study.

    Then an anonymiser gave them, and slices of one patient would be in several subsets.
    """
    headers = [header for own in of_tag.values() for header in own]
    studies = {header.study for header in headers} - {""}
    if studies and 2 * len(of_tag) > len(headers) and 2 * len(studies) < len(of_tag):
        raise InputError(
            f"{len(headers)} files have {len(of_tag)} PatientIDs but are of {len(studies)} "
            f"{'study' if len(studies) == 1 else 'studies'}, such as {headers[0].path}: an "
            "anonymiser gave most files a PatientID of their own, so whose they are is unknown. "
            "Sort them into a folder for each patient."
        )


def _named(of_tag: Mapping[str, list[Header]], met: Collection[str]) -> dict[str, list[Header]]:
    """Return files by PatientID; ids that the label table does not name are not written either."""
    names = {tag: tag for tag in of_tag if patient_key(tag) in met}
    others = [tag for tag in of_tag if tag not in names]
    names |= {tag: f"{_UNKNOWN}-{number}" for number, tag in enumerate(others, start=1)}
    return {names[tag]: own for tag, own in of_tag.items()}


def _of_folders(headers: Sequence[Header], depth: int) -> dict[str, list[Header]]:
    of_folder = defaultdict(list)
    for header in headers:
        *folders, _ = header.path.split("/")
        name = folder_text(folders[depth]) if len(folders) > depth else _NO_FOLDER
        of_folder[name].append(header)
    return of_folder


def _each_has_one(of_folder: Mapping[str, Sequence[Header]]) -> bool:
    """Tell whether folders seem to hold a patient each, if nothing but the files says so."""
    single = sum(len({header.patient for header in own}) == 1 for own in of_folder.values())
    several = len(of_folder) > 1 and _NO_FOLDER not in of_folder
    return several and 2 * single >= len(of_folder)


def _check_agree(
    of_folder: Mapping[str, Sequence[Header]], met: Collection[str], tags_met: Collection[str]
) -> None:
    """Raise `InputError` if the table's names are those of folders and, otherwise, of PatientIDs.

    A PatientID that meets few of them does so by chance: it was written over the real ones.
    """
    if min(len(met), len(tags_met)) < max(2, max(len(met), len(tags_met)) / 2):
        return
    for name, own in of_folder.items():
        folder, tags = patient_key(name), {patient_key(header.patient) for header in own}
        if folder in met and (tags & set(tags_met)) - {folder}:
            raise InputError(
                f"The label table's names are those of folders and those of PatientIDs, which "
                f"disagree: the folder {name} ({own[0].path}) holds another patient of the table. "
                "Label by StudyInstanceUID or by image, or rename the folders."
            )


def _by_folder(of_folder: dict[str, list[Header]], depth: int, named: Collection[str]) -> Patients:
    """Return patients, or their scans, that have a folder each."""
    notes, problems = [], []
    if _scrambled(of_folder):
        notes.append("Each file has its own PatientID: folders alone tell patients apart.")
        problems += _twice(of_folder, depth, {})
        return Patients(of_folder, problems=problems, notes=notes)
    tags = {name: {header.patient for header in own} - {""} for name, own in of_folder.items()}
    problems += [
        problem("mixed-patients", PATIENT, of_folder[name][0].path, name)
        for name, found in tags.items()
        if len(found) > 1
    ]
    owners = _owners(tags)
    problems += _twice(of_folder, depth, owners)
    patient_of: dict[str, str] = {}
    for shared in (own for own in owners.values() if len(own) > 1):
        if not named or all(patient_key(name) in named for name in shared):
            patient_of |= dict.fromkeys(shared[1:], shared[0])
            more = f" and {len(shared) - _SHOWN} more" if len(shared) > _SHOWN else ""
            notes.append(
                f"The folders {listed(shared[:_SHOWN])}{more} have one PatientID: they are scans "
                f"of one patient, {shared[0]}, and stay in one subset."
            )
        else:
            detail = listed(shared)
            problems += [
                problem("two-folders", PATIENT, of_folder[name][0].path, name, detail=detail)
                for name in shared
            ]
    return Patients(of_folder, patient_of, problems, notes)


def _owners(tags: Mapping[str, Collection[str]]) -> dict[str, list[str]]:
    """Return PatientIDs to their folders, without ids that are no patient's own."""
    owners = defaultdict(list)
    for name, found in tags.items():
        for tag in found:
            owners[tag].append(name)
    # An id that more than half of the folders share, rounded up, was written over the real ones.
    # Two of three are rather one patient's, who would else be in several subsets.
    most = -(-len(tags) // 2)
    return {tag: shared for tag, shared in owners.items() if len(shared) <= most}


def _scrambled(of_folder: Mapping[str, Sequence[Header]]) -> bool:
    """Tell whether every file of all folders has its own PatientID."""
    groups = [own for own in of_folder.values() if len(own) > 1]
    return bool(groups) and all(
        len({header.patient for header in own} - {""}) == len(own) for own in groups
    )


def _twice(
    of_folder: Mapping[str, Sequence[Header]], depth: int, owners: Collection[str]
) -> Iterator[dict[str, Any]]:
    """Find folders of one name in several places, unless all files are of one of the `owners`."""
    for name, own in of_folder.items():
        places = dict.fromkeys("/".join(h.path.split("/")[:-1][: depth + 1]) for h in own)
        tags = {header.patient for header in own}
        one = len(tags) == 1 and tags <= set(owners)
        if name != _NO_FOLDER and len(places) > 1 and not one:
            yield problem("two-folders", PATIENT, own[0].path, name, detail=listed(places))
