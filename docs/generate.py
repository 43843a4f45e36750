"""Write the generated parts of the documents: run it by `make docs`, with Graphviz installed.

A generated part stands between two comments that name it; everything else is written by hand.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow/scripts"))

from catalogue_tables import dataset_tables, training_tables  # noqa: E402
from config_tables import config_tables  # noqa: E402
from encoder_tables import encoder_tables  # noqa: E402
from head_tables import head_tables  # noqa: E402
from level_tables import level_tables  # noqa: E402
from rule_tables import containerfile, rule_graph, rule_tables  # noqa: E402

# Each page of docs/ to the function that returns its generated parts, by their names.
PAGES: dict[str, Callable[[], dict[str, str]]] = {
    "configuration": config_tables,
    "cluster": rule_tables,
    "datasets": dataset_tables,
    "encoders": encoder_tables,
    "heads": head_tables,
    "statistics": level_tables,
    "training": training_tables,
}


def page(name: str) -> str:
    """Return a page of docs/ as it should be."""
    document = (ROOT / f"docs/{name}.md").read_text("utf-8")
    for part, content in PAGES[name]().items():
        document = replaced(document, part, content)
    return document


def replaced(document: str, name: str, content: str) -> str:
    """Replace the generated part `name` of a document."""
    begin, end = f"<!-- generated: {name} -->", f"<!-- end: {name} -->"
    pattern = re.compile(f"{re.escape(begin)}.*{re.escape(end)}", re.DOTALL)
    if not pattern.search(document):
        raise ValueError(f"the document has no part between {begin} and {end}")
    return pattern.sub(lambda _: f"{begin}\n{content}\n{end}", document)


if __name__ == "__main__":
    for name in PAGES:
        (ROOT / f"docs/{name}.md").write_text(page(name), encoding="utf-8")
    (ROOT / "envs/Containerfile").write_text(containerfile(), encoding="utf-8")
    picture = ["dot", "-Tsvg", "-o", str(ROOT / "docs/rules.svg")]
    subprocess.run(picture, input=rule_graph(), text=True, check=True)  # noqa: S603
    # The README's figure of the published replicates.
    published = [sys.executable, "-m", "snakemake", "published", "--cores", "all", "--quiet"]
    subprocess.run(published, cwd=ROOT, check=True)  # noqa: S603
    shutil.copy(ROOT / "results/published/figures/differences.svg", ROOT / "docs")
