"""Traits of any folder: what operating systems, tools and people leave in it, and links."""

from dataclasses import replace

from hypothesis import strategies as st

from fuzz.dicom_trees import pick
from fuzz.written import DOUBTFUL, PROBLEM, REFUSABLE, Entry

_APPLE_DOUBLE = b"\0\5\x16\7\0\2\0\0Mac OS X        " + bytes(100)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(200)
_ZIP = b"PK\3\4" + bytes(60)
_POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 9\n"


def _images(written):
    return [entry for entry in written.entries if entry.shows and not entry.link]


def _split(path):
    folder, _, name = path.rpartition("/")
    return f"{folder}/" * bool(folder), name


def _left(draw, written):
    """Draw files that a system or tool leaves beside an image."""
    entry = pick(draw, _images(written))
    folder, name = _split(entry.path)
    top = entry.path.split("/")[0] + "/" if "/" in entry.path else ""
    kinds = {
        "Thumbs.db": [(f"{folder}Thumbs.db", _OLE)],
        ".DS_Store": [(".DS_Store", b"\0\0\0\1Bud1"), (f"{folder}.DS_Store", b"\0\0\0\1Bud1")],
        "desktop.ini": [(f"{folder}desktop.ini", b"[.ShellClassInfo]\r\n")],
        "__MACOSX": [(f"__MACOSX/{top}._{name}", _APPLE_DOUBLE)],
        "a twin of one": [(f"{folder}._{name}", _APPLE_DOUBLE)],
        "checkpoints": [(f"{folder}.ipynb_checkpoints/{name}", entry.content)],
        ".git": [(f".git/objects/{n:02x}/{n:038x}", bytes([n])) for n in range(3)],
        ".git with images": [(f".git/lfs/objects/{name}", entry.content)],
        "@eaDir": [(f"{folder}@eaDir/{name}/SYNOFILE_THUMB_M.jpg", b"\xff\xd8\xff")],
        "$RECYCLE.BIN": [(f"$RECYCLE.BIN/{name}", entry.content)],
        ".Trash-1000": [(f".Trash-1000/files/{name}", entry.content)],
        "notes": [("README.txt", b"?"), (f"{folder}notes.txt", b"?"), ("paper.pdf", b"%PDF-1.4")],
        "zip": [("all.zip", _ZIP)],
    }
    kind = pick(draw, sorted(kinds))
    return kind, [Entry(path, content) for path, content in kinds[kind]]


def left_by_a_system(draw, written):
    kind, files = _left(draw, written)
    return _plus(written, files).with_trait(f"left by a system: {kind}")


def apple_doubles(draw, written):
    """Put what a Mac writes to other disks beside every image and table."""
    twins = ["".join((_split(e.path)[0], "._", _split(e.path)[1])) for e in written.entries]
    return _plus(written, [Entry(path, _APPLE_DOUBLE) for path in twins]).with_trait("AppleDouble")


def no_dicom(draw, written):
    """Put a file that is none among the images of a patient, though its suffix says so."""
    folder, _ = _split(pick(draw, _images(written)).path)
    content = pick(draw, (b"", b"<html>502 Bad Gateway</html>", bytes(300), _POINTER))
    return _plus(written, [Entry(f"{folder}bad.dcm", content)]).with_trait("no DICOM", PROBLEM)


def links_inside(draw, written):
    """Put images into a store below a hidden folder, and links into their places."""
    store = pick(draw, (".git/annex/objects/", ".dvc/cache/files/md5/"))
    return _stored(written, written.entries, store, up="").with_trait(f"links into {store}")


def links_outside(draw, written):
    """Put some images into a folder beside the dataset, and links into their places."""
    # Of two images in one place, the one that is left could be the right one.
    paired = not {"twin", "two slices at one place"}.isdisjoint(written.traits)
    every = draw(st.booleans()) or paired
    index = draw(st.integers(0, len(written.scans) - 1))
    scan = written.scans[index]
    images, of_scan = _images(written), (scan.patient, scan.study)
    study = [e for e in images if of_scan in {(one.patient, one.study) for one in e.shows}]
    moved = images if every else study
    # What is left of a study could be another one of its series, which is as good as the right one.
    if not every and all({*e.shows} & {*scan.slices} for e in study):
        moved = moved[: draw(st.integers(1, len(moved)))]
    changed = _stored(written, moved, "store/", up="../")
    for at, one in enumerate(written.scans):
        gone = {s for e in moved for s in e.shows} & {*one.slices}
        if gone:
            changed = changed.with_scan(at, state=DOUBTFUL, losable=one.losable | gone)
        elif (one.patient, one.study) in _left_alone(images, moved):
            changed = changed.with_scan(at, state=DOUBTFUL)
    return changed.with_trait("links that lead out", REFUSABLE)


def _left_alone(images, moved):
    """Return the scans that are the only ones left in a folder: what was moved could be theirs."""
    ids, left = {id(entry) for entry in moved}, {}
    for entry in images:
        scans = left.setdefault(_split(entry.path)[0], set())
        if id(entry) not in ids:
            scans |= {(one.patient, one.study) for one in entry.shows}
    folders = {_split(entry.path)[0] for entry in moved}
    return {scan for folder in folders if len(left[folder]) == 1 for scan in left[folder]}


def _stored(written, moved, store, *, up):
    ids, kept, files = {id(entry) for entry in moved if entry.shows}, [], []
    for number, entry in enumerate(written.entries):
        if id(entry) not in ids:
            kept.append(entry)
            continue
        suffix = entry.path.rpartition(".")[2][:6]
        target = f"{store}{number:04d}.{suffix}" if "." in entry.path else f"{store}{number:04d}"
        depth = "../" * entry.path.count("/")
        kept.append(replace(entry, content=b"", link=f"{up}{depth}{target}", usable=not up))
        files.append(Entry(target, entry.content))
    if up:
        return replace(written, entries=tuple(kept), outside=(*written.outside, *files))
    return replace(written, entries=(*kept, *files))


def link_to_nothing(draw, written):
    folder, name = _split(pick(draw, _images(written)).path)
    entry = Entry(f"{folder}0_{name}", link="nowhere/at/all")
    return _plus(written, [entry]).with_trait("link to nothing", PROBLEM)


def loop(draw, written):
    folder, _ = _split(pick(draw, _images(written)).path)
    up = "../" * folder.count("/") or "."
    return _plus(written, [Entry(f"{folder}again", link=up)]).with_trait("a link up")


def _plus(written, entries):
    there = {entry.path for entry in written.entries}
    new = tuple(entry for entry in entries if entry.path not in there)
    return replace(written, entries=(*written.entries, *new))


JUNK_TRAITS = {
    "junk": (left_by_a_system, left_by_a_system, left_by_a_system, apple_doubles),
    "more junk": (left_by_a_system,),
    # The last: what they move is a file no longer.
    "links": (links_inside, links_outside, link_to_nothing, loop),
}
DICOM_JUNK_TRAITS = {"dicom": (no_dicom,)}
