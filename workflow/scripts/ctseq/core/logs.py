"""A rule's log file, and how a script ends if something is wrong."""

import errno
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ctseq.core import progress
from ctseq.core.errors import InputError

# Failures of the disk, which any rule may meet, and what the user does about them.
_AGAIN = "then give the same command again: what is finished stays."
DISK_FAILURES = {
    errno.ENOSPC: f"Free space on the disk, {_AGAIN}",
    errno.EDQUOT: f"Free space in your quota, {_AGAIN}",
    errno.EROFS: f"Make the file system writable, {_AGAIN}",
    errno.EIO: f"Have the disk checked, {_AGAIN}",
}


@contextmanager
def rule_log(path: str | Path) -> Iterator[None]:
    """Send the ``ctseq`` logger to `path`, and errors and progress to the screen as well.

    `InputError` ends the script with its message alone; any other exception keeps its traceback,
    also in the log. An older log is replaced.
    """
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    log = logging.getLogger("ctseq")
    log.setLevel(logging.INFO)
    log.propagate = False
    # File names may hold bytes that are no UTF-8; here, as on the screen, they are escaped.
    file = logging.FileHandler(path, mode="w", encoding="utf-8", errors="backslashreplace")
    screen = logging.StreamHandler()
    screen.setLevel(logging.ERROR)
    log.handlers = [file, screen, _progress_on_screen(Path(path))]
    try:
        _check_library(log)
        yield
    except InputError as error:
        log.error("Error: %s", error)
        sys.exit(1)
    except OSError as error:
        if error.errno not in DISK_FAILURES:
            _report(log, screen)
            raise
        log.error(
            "Error: %s: %s. %s", error.filename or path, error.strerror, DISK_FAILURES[error.errno]
        )
        sys.exit(1)
    except Exception:
        _report(log, screen)
        raise
    finally:
        file.close()


def _check_library(log: logging.Logger) -> None:
    """Log which library a job runs; raise `InputError` if it is not that beside the job's script.

    Python's main program is a script of a rule if Snakemake has put its name into it.
    """
    library, main = Path(__file__).parents[1], sys.modules["__main__"]
    if not hasattr(main, "snakemake"):
        return
    log.info("Code: %s.", library)
    scripts = Path(str(main.__file__)).parent
    if scripts.resolve() != library.parent.resolve():
        raise InputError(
            f"Python imported ctseq from {library}, which is not this workflow's, {scripts}/ctseq. "
            "Uninstall the other one (pip uninstall ctseq), or take it off PYTHONPATH."
        )


def _progress_on_screen(path: Path) -> logging.Handler:
    """Return a handler that puts the rule and its job before each line: several run at a time."""
    inside = path.parts[path.parts.index("logs") + 1 :] if "logs" in path.parts else path.parts[-1:]
    shown = logging.StreamHandler()
    shown.addFilter(logging.Filter(progress.NAME))
    shown.setFormatter(logging.Formatter(f"{Path(*inside).with_suffix('')}: %(message)s"))
    return shown


def _report(log: logging.Logger, screen: logging.Handler) -> None:
    screen.setLevel(logging.CRITICAL)  # Python prints this traceback to the screen itself
    log.exception("Unexpected error; please report it with this log.")
