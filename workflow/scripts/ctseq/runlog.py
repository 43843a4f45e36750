"""A rule's log file: what a script reports, and how it ends when something is wrong."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ctseq.errors import InputError


@contextmanager
def rule_log(path: str | Path) -> Iterator[None]:
    """Send the ``ctseq`` logger to `path`, and errors to the screen as well.

    A user's mistake ends the script with its message alone; any other exception keeps its
    traceback, in the log too.

    Parameters
    ----------
    path
        The rule's log file; it is replaced.
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    log = logging.getLogger("ctseq")
    log.setLevel(logging.INFO)
    log.propagate = False
    # File names may hold bytes that are no UTF-8; the screen escapes them as well.
    file = logging.FileHandler(path, mode="w", encoding="utf-8", errors="backslashreplace")
    screen = logging.StreamHandler()
    screen.setLevel(logging.ERROR)
    log.handlers = [file, screen]
    try:
        yield
    except InputError as error:
        log.error("Error: %s", error)
        sys.exit(1)
    except Exception:
        file.setLevel(logging.INFO)
        screen.setLevel(logging.CRITICAL)  # Python prints this traceback to the screen itself
        log.exception("Unexpected error; please report it with this log.")
        raise
    finally:
        file.close()
