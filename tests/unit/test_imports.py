"""The files that decide what a script computes."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ctseq.study.digests import imported_files

SCRIPTS = Path(__file__).parents[2] / "workflow/scripts"


def write(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def modules(node):
    if isinstance(node, ast.Constant) and re.fullmatch(r"ctseq[\w.]+:\w+", str(node.value)):
        return {node.value.partition(":")[0]}
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    if isinstance(node, ast.ImportFrom):
        return {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return set()


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.py")), ids=lambda path: path.stem)
def test_finds_what_pythons_parser_finds(script):
    found = imported_files(script)
    for file in found:
        for name in set().union(*map(modules, ast.walk(ast.parse(file.read_text())))):
            path = SCRIPTS.joinpath(*name.split("."))
            if name.startswith("ctseq") and path.with_suffix(".py").exists():
                assert path.with_suffix(".py") in found
            if name.startswith("ctseq") and path.is_dir():
                assert path / "__init__.py" in found


def test_follows_imports_and_nothing_else(tmp_path):
    write(
        tmp_path,
        {
            "rule.py": "import numpy\nfrom ctseq.a import x\nimport ctseq.package.c\n",
            "ctseq/__init__.py": "",
            "ctseq/a.py": "def f():\n    from ctseq import b\n",
            "ctseq/b.py": "from ctseq.a import x\n",
            "ctseq/unused.py": "",
            "ctseq/package/__init__.py": "",
            "ctseq/package/c.py": 'LATER = "ctseq.package.d:f"\n',
            "ctseq/package/d.py": "",
        },
    )
    names = [str(path.relative_to(tmp_path)) for path in imported_files(tmp_path / "rule.py")]
    assert names == [
        "rule.py",
        "ctseq/__init__.py",
        "ctseq/a.py",
        "ctseq/b.py",
        "ctseq/package/__init__.py",
        "ctseq/package/c.py",
        "ctseq/package/d.py",
    ]


@pytest.mark.parametrize(
    ("script", "without"),
    [
        ("evaluate", "heads"),
        ("fit", "pretrained"),
        ("fit", "walk"),
        ("split_patients", "pixels"),
    ],
)
def test_real_scripts_do_not_depend_on_what_they_do_not_use(script, without):
    names = {path.stem for path in imported_files(SCRIPTS / f"{script}.py")}
    assert "tables" in names
    assert without not in names


def test_names_of_figures_cost_no_import_of_matplotlib():
    program = (
        "import sys; import ctseq.figures.registry;"
        "print(sorted({'matplotlib', 'numpy', 'pandas', 'seaborn'} & set(sys.modules)))"
    )
    out = subprocess.run(
        [sys.executable, "-c", program], cwd=SCRIPTS, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    assert out.stdout.strip() == "[]"
