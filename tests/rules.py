"""The workflow's rules, as its files state them: every one, whichever target needs it."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def _text():
    files = [ROOT / "Snakefile", *sorted((ROOT / "workflow/rules").glob("*.smk"))]
    return "\n".join(path.read_text("utf-8") for path in files)


def rules():
    """Return the text of each rule by name; one made of another has that one's text before it."""
    body = r"((?: {4}.*\n|\n)+)"
    found = dict(re.findall(rf"^(?:rule|checkpoint) (\w+):\n{body}", _text(), re.M))
    for old, new, text in re.findall(rf"^use rule (\w+) as (\w+) with:\n{body}", _text(), re.M):
        found[new] = found[old] + text
    return found


def local_rules():
    """Return the names of the rules that run where Snakemake does, and are never submitted."""
    blocks = re.findall(r"^localrules:\n((?: {4}.*\n)+)", _text(), re.M)
    return set(re.findall(r"\w+", "".join(blocks)))


def rule_environments():
    """Return the name of each rule's conda environment."""
    pattern = re.compile(r'"\.\./\.\./envs/(\w+)\.yaml"')
    found = {rule: pattern.search(text) for rule, text in rules().items()}
    return {rule: match[1] for rule, match in found.items() if match}
