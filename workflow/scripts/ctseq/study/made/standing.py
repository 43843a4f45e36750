"""Which shared data finished studies stand on, and what is made anew under the same names.

What is made of a dataset serves all studies. Where settings of the dataset or of an encoder change,
it is made again, and a finished study no longer matches it until that is made again, too.
"""

import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ctseq.core.errors import InputError
from ctseq.core.files import file_digest
from ctseq.core.lines import differing, dotted
from ctseq.core.words import listed
from ctseq.study.encoders import Encoder, settings_in
from ctseq.study.study import Study

# Beside a study's report: path to the SHA-256 of each shared file that decides its results.
RECORD = "standing.json"
_NOTICE = re.compile(r'(<div id="standing"[^>]*>).*?(</div>)', re.DOTALL)


def digests(paths: Iterable[str | Path]) -> dict[str, str]:
    """Return the SHA-256 of each file by its path; empty of a file that is not there."""
    return {
        path.as_posix(): file_digest(path) if path.is_file() else "" for path in map(Path, paths)
    }


def changes(study: Study, encoders: Mapping[str, Encoder], results: Path) -> Iterator[str]:
    """Yield a line for each dataset and encoder whose files were made with other settings.

    It names what differs, and the finished studies that stand on what will be made again.

    Parameters
    ----------
    study, encoders
        The study, and all encoders that run for it, by name.
    results
        Folder of the results of all studies.
    """
    for dataset in study.datasets.values():
        made = {dataset.record: ("its index and all features are", dataset.settings)}
        for one in encoders.values():
            settings = settings_in(one, dataset)
            made[dataset.description(one.name)] = (f"features of {one.name} are", settings)
        for path, (what, settings) in made.items():
            if differing := differences(path, settings):
                yield f"{dataset.folder}: {what} made again, since {listed(differing)}."
                standing = [one for one, its in _records(results) if path in its]
                if standing:
                    yield (
                        f"  Finished studies that stand on them: {listed(standing)}; their pages "
                        "will say so until they are made again."
                    )


def check_layout(study: Study) -> None:
    """Raise `InputError` if a study's folder was made by a version that kept its data there."""
    if Path(study.results, "dataset").is_dir():
        raise InputError(
            f"{study.results} was made by an earlier version, whose results cannot be read and are "
            f"not overwritten. Keep them under another name (mv {study.results} "
            f"{study.results}-before), or choose another name as `study`."
        )


def mark_outdated(results: Path) -> list[Path]:
    """Say in each finished study's report if the shared data that it stands on have changed.

    Where they are again those that it was made from, the notice goes. Pages that should change and
    cannot be written to, such as another user's, are returned.
    """
    failed = []
    for name, record in _records(results):
        now = digests(record)
        changed = sorted(path for path, digest in record.items() if now[path] != digest)
        page = results / name / "report.html"
        try:
            _write_notice(page, _notice(changed))
        except OSError:
            failed.append(page)
    return failed


def differences(path: str | Path, settings: Mapping[str, Any]) -> list[str]:
    """List in words which settings in a shared file differ from those asked for; none without it.

    The file is of JSON, and says under ``settings`` with which ones it was made.
    """
    path = Path(path)
    if not path.is_file():
        return []
    return _differing(json.loads(path.read_text(encoding="utf-8")).get("settings", {}), settings)


def run_differences(made: Study, asked: Study) -> list[str]:
    """List in words which settings of its runs a study was made with otherwise than is asked for.

    Those of splits are among them. Only models of both are compared: others, like more replicates,
    are added to what there is.
    """
    return _differing(_of_runs(made), _of_runs(asked))


def page_differences(made: Mapping[str, Any], asked: Mapping[str, Any]) -> list[str]:
    """List in words which settings differ between two configurations of one study, as each uses it.

    Those of datasets and encoders are left out: what is made with them says so itself.
    """
    left_out = {"datasets", "encoders", "compare_studies", "registered", "shards", "container"}
    parts = [
        {key: value for key, value in one.items() if key not in left_out} for one in (made, asked)
    ]
    return _differing(*(dict(dotted(part)) for part in parts))


def _of_runs(study: Study) -> dict[str, Any]:
    """Return what decides the splits and runs of a study, by dotted keys."""
    found: dict[str, Any] = {
        "seed": study.seed,
        "dataset": study.dataset.name,
        "splits": study.splits,
        "tuning": {"folds": study.inner_folds, "repeats": study.tuning["repeats"]},
        "evaluation": {"threshold": study.threshold},
        "models": {},
    }
    for name, model in study.runs.items():
        encoders = [one.name for one in model.encoders]
        own = {"encoder": encoders, "sequence_rule": model.sequence_rule}
        found["models"][name] = model.settings | own
    return dict(dotted(found))


def _differing(made: Mapping[str, Any], asked: Mapping[str, Any]) -> list[str]:
    """List in words which values of the keys that both have differ."""
    both = [key for key in asked if key in made]
    return differing(*({key: one[key] for key in both} for one in (made, asked)))


def _records(results: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the name of each finished study, in order, and the shared files that it stands on."""
    for path in sorted(results.glob(f"*/{RECORD}")):
        yield path.parent.name, json.loads(path.read_text(encoding="utf-8"))


def _notice(changed: list[str]) -> str:
    if not changed:
        return ""
    files = html.escape(", ".join(changed))
    return (
        "<p>This page no longer matches the shared data that it was made from: since then, "
        f"{files} changed. Run the study again to bring both together.</p>"
    )


def _write_notice(page: Path, notice: str) -> None:
    """Put a notice into a page, which is rewritten only if that changes it."""
    if not page.is_file():
        return
    text = page.read_text(encoding="utf-8")
    marked = _NOTICE.sub(lambda found: f"{found[1]}{notice}{found[2]}", text, count=1)
    if marked != text:
        unfinished = page.with_name(f".unfinished.{page.name}")
        unfinished.write_text(marked, encoding="utf-8")
        unfinished.replace(page)
