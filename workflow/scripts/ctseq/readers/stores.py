"""Files that are elsewhere: behind links, in git-annex, git LFS or DVC, or still in an archive."""

import os
from collections.abc import Iterable, Sequence
from itertools import groupby, islice
from pathlib import Path, PurePosixPath

from ctseq.core.errors import InputError
from ctseq.core.words import listed
from ctseq.readers.walk import is_regular, walk

# Files of a folder that a message is made from: listing more would take minutes on a network drive.
_MOST_LOOKED_AT = 100_000
_MOST_NAMED = 3
# Pointers of git LFS are shorter by its specification; git-annex writes its key first.
_POINTER_BYTES = 1024
_ARCHIVES = tuple(
    ".zip .7z .rar .tar .tar.gz .tgz .tar.bz2 .tbz2 .tar.xz .txz .tar.zst".split()  # noqa: SIM905
)
# Endings of single files that were compressed; NIfTI is read as it is.
PACKED = (".gz", ".bz2", ".xz", ".zst")
_READ_PACKED = ".nii.gz"
# Pictures of kinds that are not read.
_PICTURES = (".bmp", ".gif", ".webp", ".jp2", ".j2k", ".heic", ".avif", ".pgm", ".ppm", ".tga")
# What a link or pointer of a tool holds, and how the tool fetches the file.
_DVC = "DVC has not fetched it: run dvc pull"
_TOOLS = (
    ("annex/objects/", "git-annex has not fetched it: run git annex get"),
    ("https://git-lfs.github.com/spec/", "git LFS has not fetched it: run git lfs pull"),
    (".dvc/cache", _DVC),
    ("blobs/", "a download has not finished: fetch it again"),  # Hugging Face's cache
)


def check_stores(links_into: Sequence[str], key: str) -> None:
    """Raise `InputError` if one of the folders that a dataset's links may lead into is not there.

    `key` is where the configuration has the dataset.
    """
    for folder in links_into:
        if not Path(folder).is_dir():
            raise InputError(
                f"{key}.links_into names {folder}, which is no folder that is there: name the "
                "folders that the dataset's links lead into."
            )


def absence(path: Path) -> str:
    """Return in words why a path is no plain file."""
    if path.exists():
        return "it is no plain file"
    if not path.is_symlink():
        return "it does not exist"
    # Only the tool is named: where a link leads on this machine is nobody else's concern.
    return f"it does not exist: {_tool(str(path.readlink())) or 'the link leads to nothing'}"


def pointer(path: Path) -> str:
    """Return in words what a small text file stands for, if a tool left it in a file's place.

    The text is empty for any other file.
    """
    if not is_regular(path):
        return ""
    try:
        with path.open("rb") as content:
            start = content.read(_POINTER_BYTES)
    except OSError:
        return ""
    first = start.split(b"\n")[0].decode("utf-8", "replace")
    return _tool(first) if b"\0" not in start and first.isprintable() else ""


def is_archive(name: str) -> bool:
    """Tell whether a file of this name is an archive of files, and no compressed volume."""
    return name.casefold().endswith(_ARCHIVES)


def where_files_are(folder: str | Path, links_into: Sequence[str], key: str) -> str:
    """Return in sentences where files are that seem to be in a folder, and the cure.

    The text is empty if there is no such file; else it starts with a blank, to follow a message.
    Not more than `_MOST_LOOKED_AT` files are looked at.
    """
    root, outside, absent, pointers, archives, packed = Path(folder), [], [], [], [], []
    for found in islice(walk(root, links_into, lenient=True), _MOST_LOOKED_AT):
        path = root / found.path
        if found.reason not in ("", "outside"):
            continue
        if path.is_symlink() and not path.exists():
            absent.append(_tool(str(path.readlink())))
        elif found.reason:
            outside.append(Path(os.path.realpath(path)))
        elif is_archive(path.name) and not _is_unpacked(path):
            archives.append(found.path)
        elif _is_packed(path):
            packed.append(found.path)
        elif path.suffix == ".dvc" and not path.with_suffix("").exists():
            absent.append(_DVC)
        elif _is_small(path) and (words := pointer(path)):
            pointers.append(words)
    return "".join(
        f" {words}: {len(files)}{more(files)}."
        for files, words, more in (
            (outside, "Links that lead out of it", lambda found: _allowed(found, key)),
            (absent, "Links to files that are not there", _tools),
            (pointers, "Files that are text in place of the file itself", _tools),
            (archives, "Archives that are not unpacked", _unpack),
            (packed, "Files that are compressed", _decompress),
        )
        if files
    )


def _allowed(targets: Iterable[Path], key: str) -> str:
    """Return where links lead, and the line of the configuration that allows it."""
    stores = _stores(targets)
    shown = ", ".join(stores[:_MOST_NAMED]) + ", ..." * (len(stores) > _MOST_NAMED)
    return (
        f", to {shown}. They are not followed: if they may be, set {key}.links_into to [{shown}], "
        f"or {key}.path to a folder that holds links and targets"
    )


def _stores(targets: Iterable[Path]) -> list[str]:
    """Return the folders that hold the targets of links: one, unless they share only the root."""
    folders = sorted({str(path if path.is_dir() else path.parent) for path in targets})
    shared = os.path.commonpath(folders)
    if shared != os.path.sep:
        return [shared]
    tops = groupby(folders, key=lambda folder: PurePosixPath(folder).parts[:2])
    return [os.path.commonpath(own) for _, own in tops]


def _tools(found: Iterable[str]) -> str:
    """Return what the tools say of files that are not there."""
    words = list(dict.fromkeys(filter(None, found)))
    return f" ({'; '.join(words)})" if words else ""


def _tool(text: str) -> str:
    return next((cure for mark, cure in _TOOLS if mark in text.replace("\\", "/")), "")


def _unpack(paths: Sequence[str]) -> str:
    return f" ({_first(paths)}). Unpack each into a folder of its own"


def _decompress(paths: Sequence[str]) -> str:
    return f" ({_first(paths)}). Unpack each beside itself, as gunzip does"


def _first(paths: Sequence[str]) -> str:
    rest = len(paths) - _MOST_NAMED
    return listed([*paths[:_MOST_NAMED], *([f"{rest} more"] if rest > 0 else [])])


def other_pictures(folder: str | Path, links_into: Sequence[str]) -> str:
    """Return a sentence on pictures of kinds that are not read, and the cure; mostly empty."""
    found = islice(walk(folder, links_into, lenient=True), _MOST_LOOKED_AT)
    paths = [one.path for one in found if one.path.casefold().endswith(_PICTURES)]
    if not paths:
        return ""
    return (
        f" Pictures that are no PNG, JPG or TIFF: {len(paths)} ({_first(paths)}). Save each as one "
        "without loss."
    )


def _is_packed(path: Path) -> bool:
    """Tell whether a file is compressed by itself, and not there uncompressed as well."""
    name = path.name.casefold()
    packed = name.endswith(PACKED) and not name.endswith((_READ_PACKED, *_ARCHIVES))
    return packed and not path.with_suffix("").exists()


def _is_unpacked(path: Path) -> bool:
    """Tell whether an archive has a folder of its name beside it, whatever separates its words."""
    ends = [end for end in _ARCHIVES if path.name.casefold().endswith(end)]
    name = _bare(path.name[: -max(map(len, ends))])
    # CQ500 doubles the names of its folders: `CQ500CT0 CQ500CT0`.
    folders = (_bare(other.name) for other in path.parent.iterdir() if other.is_dir())
    return any(other in (name, name + name) for other in folders)


def _bare(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))


def _is_small(path: Path) -> bool:
    return is_regular(path) and path.stat().st_size <= _POINTER_BYTES
