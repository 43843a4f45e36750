"""The generated parts of docs/ are those that docs/generate.py writes."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_cluster_page_states_what_the_profile_asks_for():
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs/generate.py")
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    page = (ROOT / "docs/cluster.md").read_text("utf-8")
    assert page == generate.cluster(), "Run: make docs"
    assert "| `extract_features` |" in page
