"""What tests of fetching share: running the rule's script, and a Hugging Face cache."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

SCRIPTS = Path(__file__).parents[1] / "workflow/scripts"
COMMIT = "1" * 40
# As a program of its own: addresses, folders and tokens are read when the client is imported.
_PROGRAM = """
import sys
from fetch_checkpoint import main
from ctseq.core.logs import rule_log
with rule_log(sys.argv[1]):
    main(*sys.argv[2:4], checkpoint=sys.argv[4], revision=sys.argv[5], subfolder=sys.argv[6])
"""


def fetch(hub, folder, *, revision="main", checkpoint="owner/tiny", subfolder="", **environment):
    """Run the rule's script; its log, record and cache stand beside `folder`."""
    arguments = [folder.with_suffix(".log"), folder, folder.with_suffix(".json")]
    arguments += [checkpoint, revision, subfolder]
    return subprocess.run(
        [sys.executable, "-c", _PROGRAM, *map(str, arguments)],
        capture_output=True,
        text=True,
        env=os.environ
        | {
            "PYTHONPATH": str(SCRIPTS),
            "HF_ENDPOINT": hub if isinstance(hub, str) else hub.url,
            "HF_HOME": str(folder.with_suffix(".home")),
        }
        | environment,
    )


def write_cache(cache, source, *, name="owner/tiny", commit=COMMIT, ref="main", subfolder=""):
    """Write a revision of a checkpoint into a cache as the client does, and return its folder.

    Files are blobs, which the snapshots of commits link to; a ref holds the commit of a branch.
    """
    place = cache / f"models--{name.replace('/', '--')}"
    snapshot = place / "snapshots" / commit / subfolder
    for folder in (snapshot, place / "blobs", place / "refs"):
        folder.mkdir(parents=True, exist_ok=True)
    for path in source.iterdir():
        blob = place / "blobs" / f"{commit[:8]}-{path.name}"
        shutil.copy(path, blob)
        (snapshot / path.name).symlink_to(blob)
    (place / "refs" / ref).write_text(commit)
    return snapshot


def files(folder):
    """List the paths of all files in a folder, from it."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path.relative_to(folder).as_posix() for path in paths)
