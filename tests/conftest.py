"""What tests share: a clean environment, working copies and a pretend Hugging Face hub."""

import hashlib
import http.server
import json
import os
import re
import shutil
import tempfile
import threading
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from studies import STUDY, Copy, encoders_of, write_checkpoints, write_copy

# The same examples on every machine, however slow it is; readers of foreign files get more.
hypothesis.settings.register_profile("ctseq", deadline=None, derandomize=True, max_examples=50)
hypothesis.settings.load_profile("ctseq")

ROOT = Path(__file__).parent.parent

# Nothing that somebody has set for other work decides a test: a profile, an allocation, an active
# environment, a mirror of the hub, a style of figures. And no proxy stands before this machine.
SET_FOR_OTHER_WORK = re.compile("(CONDA|HF|MPL|SBATCH|SLURM|SNAKEMAKE|SRUN|TRANSFORMERS)")
for name in filter(SET_FOR_OTHER_WORK.match, list(os.environ)):
    del os.environ[name]
os.environ |= {"no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"}


def pytest_configure(config):
    """Let libraries cache files in a temporary folder if the home folder cannot be written to."""
    if not os.access(Path.home(), os.W_OK):
        cache = tempfile.mkdtemp(prefix="ctseq-cache-")
        os.environ["XDG_CACHE_HOME"] = cache
        config.add_cleanup(lambda: shutil.rmtree(cache, ignore_errors=True))


class PretendHub(http.server.ThreadingHTTPServer):
    """The few answers of a hub that fetching a checkpoint takes, on loopback.

    Attributes
    ----------
    folder
        Files of the one repository, ``owner/tiny``.
    commit
        What every revision resolves to.
    refusal
        Status and headers of each answer; None to hand the repository out.
    answers
        Paths to other answers, which come first.
    """

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Answers)
        self.folder: Path | None = None
        self.commit = "1" * 40
        self.refusal: tuple[int, dict[str, str]] | None = None
        self.answers: dict[str, Any] = {}

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def listing(self):
        files = (path for path in self.folder.rglob("*") if path.is_file())
        return sorted(path.relative_to(self.folder).as_posix() for path in files)


class _Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self._answer(body=True)

    def do_HEAD(self):
        self._answer(body=False)

    def _answer(self, *, body):
        path = self.path.split("?")[0]
        parts = path.strip("/").split("/")
        if path in self.server.answers:
            self._send(json.dumps(self.server.answers[path]).encode(), body, "application/json")
        elif self.server.refusal:
            status, headers = self.server.refusal
            self.send_response(status)
            for name, value in ({"Content-Length": "0"} | headers).items():
                self.send_header(name, value)
            self.end_headers()
        elif parts[:4] == ["api", "models", "owner", "tiny"]:
            names = self.server.listing()
            value = {
                "id": "owner/tiny",
                "modelId": "owner/tiny",
                "sha": self.server.commit,
                "siblings": [{"rfilename": name} for name in names],
            }
            if "tree" in parts:
                value = [
                    {
                        "type": "file",
                        "path": name,
                        "size": (self.server.folder / name).stat().st_size,
                        "oid": "0" * 40,
                    }
                    for name in names
                ]
            self._send(json.dumps(value).encode(), body, "application/json")
        elif parts[:3] == ["owner", "tiny", "resolve"]:
            path = self.server.folder.joinpath(*parts[4:])
            self._send(path.read_bytes(), body, "binary/octet-stream")
        else:
            self.send_error(404)

    def _send(self, content, body, kind):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", self.server.commit)
        self.end_headers()
        if body:
            self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory):
    """Write two local checkpoints, not pretrained, in folders named after what they see."""
    folder = tmp_path_factory.mktemp("checkpoints")
    write_checkpoints(folder)
    return folder


@pytest.fixture(scope="session")
def new_copy(tmp_path_factory):
    """Return a function that makes a working copy with a small study, without results."""

    def make(checkpoints, **overlay):
        folder = tmp_path_factory.mktemp("copy")
        write_copy(folder, STUDY | {"encoders": encoders_of(checkpoints)} | overlay)
        return Copy(folder)

    return make


@pytest.fixture(scope="module")
def small_forest():
    """Make forests and boosting much smaller, because they are fitted dozens of times."""
    from ctseq.families.classical import CLASSIFIERS

    classifiers = [CLASSIFIERS[name].classifier for name in ("forest", "boosting")]
    trees = {one: one.n_estimators for one in classifiers}
    for one in classifiers:
        one.set_params(n_estimators=20)
    yield
    for one, number in trees.items():
        one.set_params(n_estimators=number)


@pytest.fixture
def hub():
    """Serve an empty pretend hub until the test ends; set its `folder` first."""
    server = PretendHub()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
