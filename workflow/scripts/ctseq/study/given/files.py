"""Configuration files: what is wrong with one as YAML, said with its line."""

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from ctseq.core.errors import InputError, fail_on
from ctseq.core.words import listed


def check_files(paths: Iterable[str | Path]) -> None:
    """Raise `InputError` if a file is no YAML whose top has keys, each of them once.

    Of a key that stands twice, YAML silently takes the last.
    """
    fail_on(
        [problem for path in paths for problem in file_problems(Path(path))],
        title="A configuration file cannot be used",
        cure="config.yaml, the workflow's own, shows how keys are written.",
    )


def file_problems(path: Path) -> Iterator[str]:
    """Yield what is wrong with a configuration file, each with its line."""
    name = shown(path)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        yield f"{name} does not exist: a relative path starts at {Path.cwd()}"
    except OSError as error:
        yield f"{name} cannot be read: {error.strerror}"
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        yield f"{name}, line {line}: not UTF-8; save the file in this encoding"
    else:
        if not _is_json(text):
            yield from (f"{name}{problem}" for problem in text_problems(text))


def text_problems(text: str) -> Iterator[str]:
    """Yield what is wrong with a text as the YAML of a configuration, from its line on."""
    try:
        top = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        yield _syntax(error, text)
        return
    if top is None:
        yield " has no keys: remove it from --configfile, or write some into it"
    elif not isinstance(top, yaml.MappingNode):
        line = top.start_mark.line + 1
        yield f", line {line}: no key; a configuration has keys at its top, such as `study: mine`"
    else:
        yield from _repeated(top)


def nodes_of(path: Path) -> yaml.Node | None:
    """Return the tree of a YAML file, whose nodes know their lines; None if there is none."""
    try:
        return yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None


def shown(path: Path) -> str:
    """Return a path as it is typed in the working directory, if it is below it."""
    path, here = path.absolute(), Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _is_json(text: str) -> bool:
    """Tell whether a text is an object of JSON, which Snakemake reads as well."""
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _syntax(error: yaml.YAMLError, text: str) -> str:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is None:  # a character that YAML does not have
        line = text[: getattr(error, "position", 0)].count("\n") + 1
        return f", line {line}: a character that YAML does not allow; type the line anew"
    # A tab may be found out a line later.
    for number, line in reversed([*enumerate(text.splitlines(), start=1)][: mark.line + 1][-2:]):
        if "\t" in line[: len(line) - len(line.lstrip())]:
            return f", line {number}: a tab before the first word; indent by blanks"
    opened, begun = "", getattr(error, "context_mark", None)
    if begun and begun.line != mark.line:
        opened = f" (opened in line {begun.line + 1})"
    problem = str(getattr(error, "problem", None) or error)
    if r"'\t'" in problem:
        problem = "a tab, which YAML does not take there; type a blank"
    return f", line {mark.line + 1}: {problem}{opened}"


def _repeated(node: yaml.Node, before: str = "") -> Iterator[str]:
    """Yield which keys stand twice in one mapping."""
    if isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _repeated(value, f"{before}{index}.")
    if not isinstance(node, yaml.MappingNode):
        return
    first: dict[str, int] = {}
    for key, value in node.value:
        line, name = key.start_mark.line + 1, str(key.value)
        if name in first:
            yield (
                f", line {line}: {before}{name} stands already in line {first[name]}; keep one of "
                "the two"
            )
        first.setdefault(name, line)
        yield from _repeated(value, f"{before}{name}.")


if __name__ == "__main__":  # before Snakemake, which reads the files first: see the Makefile
    try:
        check_files(sys.argv[1:])
    except InputError as error:
        sys.exit(f"Error: {error}")
    sys.stdout.write(f"As YAML, nothing is wrong with {listed(sys.argv[1:])}.\n")
