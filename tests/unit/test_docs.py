"""The generated parts of docs/ are those that docs/generate.py writes."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def generate():
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs/generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_cluster_page_states_what_the_profile_asks_for(generate):
    page = (ROOT / "docs/cluster.md").read_text("utf-8")
    assert page == generate.cluster(), "Run: make docs"
    assert "| `extract_features` |" in page


def test_the_datasets_page_states_the_windows_and_reasons_of_the_code(generate):
    page = (ROOT / "docs/datasets.md").read_text("utf-8")
    assert page == generate.datasets(), "Run: make docs"
    assert "| `brain` | 40 | 120 |" in page
    assert "| `duplicate` | the same image as another patient's |" in page
