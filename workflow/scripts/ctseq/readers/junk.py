"""Files and folders that operating systems and tools leave in a dataset: no part of any layout."""

from pathlib import PurePosixPath

# In lower case. They may hold copies of pictures, such as thumbnails, and what was deleted.
_NAMES = frozenset(
    {
        *("__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini"),  # macOS, Windows
        *("$recycle.bin", "system volume information"),
        *("@eadir", "@tmp", "#recycle", "#snapshot"),  # Synology's storage
        *("@recycle", "@recently-snapshot"),  # QNAP's
        *("lost+found", "__pycache__"),
    }
)
# A spreadsheet that is open.
_LOCK = "~$"


def is_junk(name: str) -> bool:
    """Tell whether a file or folder of this name is an operating system's or a tool's.

    Hidden ones are: AppleDouble's ``._1.png`` beside ``1.png``, ``.DS_Store``, ``.git``, ``.dvc``,
    unfinished copies. ``..p`` is not, which no tool makes: it is somebody's mistake.
    """
    hidden = name.startswith(".") and not name.startswith("..")
    return hidden or name.startswith(_LOCK) or name.casefold() in _NAMES


def in_junk(path: str) -> bool:
    """Tell whether a path, relative to a dataset's root, is or lies in what is junk."""
    return any(map(is_junk, PurePosixPath(path).parts))
