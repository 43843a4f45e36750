"""Environments agree: conda files with requirement files, and each with what its rules import."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ctseq.study.digests import imported_files

ROOT = Path(__file__).parents[2]
RULES = "\n".join(path.read_text() for path in sorted((ROOT / "workflow/rules").glob("*.smk")))
# Where the name to import or the name on PyPI is not conda-forge's.
CONDA_NAMES = {
    "torch": "pytorch",
    "PIL": "pillow",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
    "huggingface_hub": "huggingface_hub",
}


def pinned(*files):
    """Return the versions that requirement or constraint files pin, by lower-case name."""
    text = "\n".join((ROOT / file).read_text() for file in files)
    return {name.lower(): version for name, version in re.findall(r"^([\w.-]+)==(\S+)", text, re.M)}


def environment(name):
    """Return the versions that an environment asks for, by package."""
    dependencies = yaml.safe_load((ROOT / f"envs/{name}.yaml").read_text())["dependencies"]
    return dict(line.split("=") for line in dependencies)


def rules():
    """Return each rule's script and environment."""
    found = []
    for block in re.split(r"^(?:rule|checkpoint) ", RULES, flags=re.M)[1:]:
        name = block.split(":")[0]
        conda = re.search(r'conda:\s+"../../envs/(\w+)\.yaml"', block)
        script = re.search(r'script:\s+"../scripts/(\w+\.py)"', block)
        if script:
            found.append(pytest.param(script[1], conda and conda[1], id=name))
    return found


def third_party(path):
    """List the packages that a file imports, but for Python's own and ctseq."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module.split(".")[0])
    return names - set(sys.stdlib_module_names) - {"ctseq"}


@pytest.mark.parametrize("name", ["imaging", "torch", "stats"])
def test_conda_and_pip_ask_for_the_same_versions(name):
    versions = pinned("requirements.txt", "constraints.txt")
    from_conda = {conda: pip for pip, conda in CONDA_NAMES.items()}
    for package, version in environment(name).items():
        if package == "python":
            assert version == "3.11"
            continue
        exact = versions[from_conda.get(package, package) if package == "pytorch" else package]
        assert exact.startswith(f"{version}."), f"{package}: {version} against {exact}"


@pytest.mark.parametrize(("script", "conda"), rules())
def test_a_rules_environment_has_what_its_script_imports(script, conda):
    assert conda, "every rule names its environment"
    files = imported_files(ROOT / "workflow/scripts" / script)
    wanted = set().union(*(third_party(path) for path in files))
    packages = {CONDA_NAMES.get(name, name) for name in wanted}
    assert packages <= set(environment(conda))


def test_every_environment_is_used():
    used = {parameters.values[1] for parameters in rules()}
    assert used == {path.stem for path in (ROOT / "envs").glob("*.yaml")}


# Fakes that note how they are called, and make what is called next.
UV = """#!/bin/sh
echo "uv $*" >> called
mkdir -p .venv/bin
"""
PYTHON = """#!/bin/sh
[ "$1" = -m ] || exit 0
echo "python $*" >> called
mkdir -p .venv/bin
printf '#!/bin/sh\\necho "pip $*" >> called\\n' > .venv/bin/pip
chmod +x .venv/bin/pip
"""


def installed_by(folder, *arguments, uv):
    """Make .venv in a folder with a fake Python, and a fake uv or none; list what was called."""
    for file in ("Makefile", "requirements.txt", "requirements-dev.txt", "constraints.txt"):
        shutil.copy(ROOT / file, folder)
    programs = folder / "programs"
    programs.mkdir()
    for tool in ("sh", "mkdir", "chmod", "touch", "make"):
        (programs / tool).symlink_to(shutil.which(tool))
    for name, text in {"python3": PYTHON, "uv": UV}.items():
        if name != "uv" or uv:
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)
    command = [programs / "make", ".venv/ready", *arguments]
    subprocess.run(command, cwd=folder, env={"PATH": str(programs)}, check=True)
    assert (folder / ".venv/ready").exists()
    return (folder / "called").read_text().splitlines()


def test_pip_shows_what_it_brings_in_the_versions_that_are_pinned(tmp_path):
    assert installed_by(tmp_path, uv=False) == [
        "python -m venv .venv",
        "pip install --disable-pip-version-check -r requirements-dev.txt",
    ]


def test_uv_is_used_where_it_is_installed_with_the_same_pins(tmp_path):
    venv, install = installed_by(tmp_path, uv=True)
    assert venv == "uv venv --seed --allow-existing --python python3 .venv"
    assert install.startswith("uv pip install ")
    # Of the same file, and from no other place than the user's own settings name.
    assert install.endswith(" --python .venv/bin/python -r requirements-dev.txt")
    assert "index" not in install


def test_pip_can_be_taken_where_uv_is_installed(tmp_path):
    assert installed_by(tmp_path, "UV=", uv=True)[0] == "python -m venv .venv"
