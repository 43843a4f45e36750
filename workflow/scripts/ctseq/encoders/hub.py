"""Checkpoints of the Hugging Face hub, from its cache on this machine or over the network, once."""

import logging
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import huggingface_hub
from huggingface_hub import constants, errors, file_download

from ctseq.core.errors import InputError
from ctseq.core.files import atomic_write, read_json, write_json
from ctseq.core.logs import DISK_FAILURES
from ctseq.core.words import listed
from ctseq.encoders.checkpoints import (
    ADAPTER,
    INDEX,
    PARTS,
    PICKLED,
    PICKLED_INDEX,
    PICKLED_PARTS,
    WEIGHTS,
    check_folder,
    pickled_files,
)
from ctseq.encoders.conversion import convert_weights
from ctseq.encoders.image_processor import FILES

log = logging.getLogger("ctseq")

_COMMIT = re.compile("[0-9a-f]{40}")
# Where an owner's consent is asked for, whatever mirror files come from.
_PAGE = "https://huggingface.co/{}"
# Tokens, and names and passwords in addresses, which no message may show.
_SECRET = re.compile(r"hf_\w+|(?<=://)[^/\s@]+@")


@dataclass(frozen=True)
class _Found:
    """A revision of a checkpoint: its commit, its files, and their folder if it is in the cache."""

    commit: str
    names: list[str]
    snapshot: Path | None = None


def fetch_checkpoint(
    checkpoint: str, revision: str, *, subfolder: str | None = None, folder: Path, record: Path
) -> str:
    """Bring one revision of a checkpoint, record the commit that it stands for, and return it.

    It is copied from the Hugging Face cache of this machine if that has it complete; else it is
    downloaded.

    Parameters
    ----------
    checkpoint, revision
        Hugging Face id, and branch, tag or commit.
    subfolder
        Where the checkpoint stands inside its repository; None for its root.
    folder
        Folder to write config, preprocessor config and safetensors into, all or none, as the
        repository has them: a subfolder stays one.
    record
        JSON file that keeps the commit, and whether it is of the ``cache`` or the ``hub``. If it
        exists, the revision must still stand for that commit.

    Raises
    ------
    InputError
        If the checkpoint cannot be had or read, or its branch has moved since it was recorded.
    """
    known = read_json(record)["commit"] if record.exists() else None
    own = f"{subfolder}/" if subfolder else ""
    found, lacking = _in_cache(checkpoint, revision, own, known)
    found = found or _on_hub(checkpoint, revision, lacking)
    if known not in (None, found.commit):
        raise InputError(
            f"Checkpoint {checkpoint}: revision {revision} was commit {known} when it was first "
            f"fetched ({record}) and is {found.commit} now. Set the encoder's `revision` to the "
            "first to keep your results comparable, or delete the record to accept the new one."
        )
    with atomic_write(folder) as unfinished:
        target = unfinished / own
        target.mkdir(parents=True)
        _bring(checkpoint, found, own, unfinished)
        if pickled := pickled_files(target):
            check_folder(target, name=checkpoint, pickled=True)
            convert_weights(target, target, name=checkpoint)
            for path in [*pickled, target / PICKLED_INDEX]:
                path.unlink(missing_ok=True)
        check_folder(target, name=checkpoint)
    source = "cache" if found.snapshot else "hub"
    known = {"checkpoint": checkpoint, "revision": revision, "commit": found.commit}
    write_json(known | {"source": source}, record)
    return found.commit


def _in_cache(
    checkpoint: str, revision: str, own: str, known: str | None
) -> tuple[_Found | None, str]:
    """Return a revision that is complete in the Hugging Face cache, or None and why it is not."""
    cache = Path(constants.HF_HUB_CACHE)
    place = cache / file_download.repo_folder_name(repo_id=checkpoint, repo_type="model")
    commit, ref = revision.lower(), place / "refs" / revision
    if not _COMMIT.fullmatch(commit):
        commit = ref.read_text("utf-8").strip() if ref.is_file() else ""
    snapshot = place / "snapshots" / commit
    if not commit or not snapshot.is_dir():
        return None, f"{cache} does not have it."
    if known not in (None, commit):
        return None, f"{cache} has {revision} as commit {commit}, which is not the recorded one."
    try:
        check_folder(snapshot / own, name=checkpoint, pickled=True)
    except InputError as error:
        return None, f"{cache} does not have it complete. {error}"
    files = [path for path in snapshot.rglob("*") if path.is_file()]
    names = [path.relative_to(snapshot).as_posix() for path in files]
    log.info("%s, revision %s, is commit %s in %s.", checkpoint, revision, commit, cache)
    if commit != revision.lower():
        log.info(
            "The hub was not asked whether %s has moved on since: to be sure that all machines "
            "take the same, set the encoder's `revision` to the commit.",
            revision,
        )
    return _Found(commit, names, snapshot), ""


def _on_hub(checkpoint: str, revision: str, lacking: str) -> _Found:
    """Return a revision as the hub has it; `lacking` says why the cache was not enough."""
    log.info("%s, revision %s: %s", checkpoint, revision, lacking)
    if huggingface_hub.is_offline_mode():
        raise InputError(
            f"Checkpoint {checkpoint}, revision {revision}, is not on this machine, and "
            f"HF_HUB_OFFLINE (or TRANSFORMERS_OFFLINE) keeps it from asking the hub.\n"
            f"  {lacking}\n  Unset the variable where there is network.\n"
            f"{_by_hand(checkpoint, revision)}"
        )
    with _explained(checkpoint, revision, lacking):
        info = huggingface_hub.HfApi().model_info(checkpoint, revision=revision, timeout=30)
    log.info("%s, revision %s, is commit %s.", checkpoint, revision, info.sha)
    return _Found(info.sha, [file.rfilename for file in info.siblings])


def _bring(checkpoint: str, found: _Found, own: str, folder: Path) -> None:
    """Put the files of a checkpoint into a folder, from the cache or the hub."""
    wanted = _wanted(found.names, own)
    if not wanted:
        raise InputError(
            f"Checkpoint {checkpoint}, commit {found.commit}, has no checkpoint of transformers in "
            f"{own or 'its own folder'}. "
            "Set the encoder's `subfolder` to the one that has it, or choose another checkpoint."
        )
    if found.snapshot:
        for name in wanted:
            # The cache has links to files; the copy has the files.
            shutil.copyfile(found.snapshot / name, folder / name)
        return
    with _explained(checkpoint, found.commit, ""):
        huggingface_hub.snapshot_download(
            checkpoint,
            revision=found.commit,
            allow_patterns=wanted,
            local_dir=folder,
            cache_dir=folder / ".cache",  # not the shared one, whose files may be cut short
        )
    shutil.rmtree(folder / ".cache", ignore_errors=True)  # the hub client's bookkeeping


def _wanted(names: Iterable[str], own: str) -> list[str]:
    """List those files of a repository that loading needs, none of which could run code."""
    inside = {Path(name).name: name for name in names if Path(name).parent == Path(own)}

    def among(*patterns: str) -> list[str]:
        return [name for one, name in inside.items() if any(fnmatch(one, p) for p in patterns)]

    weights = among(INDEX, WEIGHTS, PARTS)
    if not among(WEIGHTS, PARTS):
        weights = among(PICKLED) or among(PICKLED_INDEX, PICKLED_PARTS)
    return [*among("config.json", *FILES, ADAPTER), *weights]


@contextmanager
def _explained(checkpoint: str, revision: str, lacking: str) -> Iterator[None]:
    """Turn an error of the hub's client into one that says what to do, and shows no token."""
    try:
        yield
    except Exception as error:  # the client raises many types, of its own and of the network
        # Failures of the disk are not the hub's.
        if isinstance(error, OSError) and error.errno in DISK_FAILURES:
            raise
        said = _explanation(error, checkpoint, revision, lacking)
        raise InputError(_SECRET.sub("", said)) from None


def _explanation(error: Exception, checkpoint: str, revision: str, lacking: str) -> str:
    """Return what an error of the hub's client means to the user."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    start = f"Checkpoint {checkpoint}, revision {revision}, cannot be fetched"
    if isinstance(error, errors.RevisionNotFoundError):
        return f"{start}: the hub has {checkpoint}, but no such revision. {_revisions(checkpoint)}"
    if isinstance(error, errors.DisabledRepoError):
        return f"{start}: the hub has switched it off. Choose another checkpoint."
    if isinstance(error, errors.GatedRepoError) or status == 403:
        answer = f"{start}: its owner hands it out on consent alone ({status or 403})."
        return f"{answer}\n{_access(checkpoint)}"
    if status == 401 and "Invalid credentials" in str(error):
        return (
            f"{start}: the hub does not accept this machine's token (401), which is mistyped, "
            "expired or revoked. Log in anew by `hf auth login` or set HF_TOKEN to a new one; "
            "what is public needs none."
        )
    if isinstance(error, errors.RepositoryNotFoundError) or status in (401, 404):
        return (
            f"{start}: the hub shows no such checkpoint to this machine ({status or 404}).\n"
            f"  It may be spelled otherwise{_others(checkpoint)}.\n"
            f"  Or it is private, or handed out on consent alone:\n{_access(checkpoint)}"
        )
    first_line = str(error).strip().split("\n")[0]
    return (
        f"{start}.\n"
        f"  Asked: {constants.ENDPOINT}\n"
        f"  Answer: {type(error).__name__}: {first_line}\n"
        + (f"  Before: {lacking}\n" if lacking else "")
        + _by_hand(checkpoint, revision)
    )


def _access(checkpoint: str) -> str:
    """Return how one gets at what is private or handed out on consent alone."""
    here = "A token is set here: is it of that account, and may it read such checkpoints?"
    return (
        f"  1. Log in and agree to the licence on {_PAGE.format(checkpoint)}\n"
        "  2. Give this machine a token of that account: `hf auth login`, or the variable "
        f"HF_TOKEN. {here if huggingface_hub.get_token() else 'None is set here.'}"
    )


def _by_hand(checkpoint: str, revision: str) -> str:
    copy = checkpoint.split("/")[-1]
    return (
        "  To bring it by hand, on a machine with network:\n"
        f"    hf download {checkpoint} --revision {revision} --local-dir {copy}\n"
        "  then copy that folder here and set the encoder's `checkpoint` to its path."
    )


def _revisions(checkpoint: str) -> str:
    """Return which branches and tags a checkpoint has, if the hub says so."""
    names: list[str] = []
    with suppress(Exception):  # it is a hint on the way out of an error
        refs = huggingface_hub.HfApi().list_repo_refs(checkpoint)
        names = [ref.name for ref in [*refs.branches, *refs.tags]][:10]
    known = ", ".join(names) or "its branches or tags"
    return f"Set the encoder's `revision` to one of {known}, or to a commit."


def _others(checkpoint: str) -> str:
    """Return who else has a checkpoint of that name, if the hub says so."""
    names: list[str] = []
    with suppress(Exception):  # it is a hint, too
        found = huggingface_hub.HfApi().list_models(search=checkpoint.split("/")[-1], limit=3)
        names = [one.id for one in found]
    return f": the hub has {listed(names)}" if names else ""
