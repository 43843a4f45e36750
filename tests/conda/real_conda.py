"""A real conda in a folder, from packages that pip downloads: PyPI has none by that name.

conda-lock carries conda's sources along under another name; here they get their own back.
"""

import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
# `conda-forge` means the folder of that name beside the packages; nothing is asked of the network,
# and nothing is written outside of the test's folder.
SETTINGS = """\
channel_alias: file://{channels}
default_channels: []
channel_priority: strict
solver: classic
sat_solver: pysat
pkgs_dirs: [{packages}]
register_envs: false
safety_checks: disabled
add_pip_as_python_dependency: false
"""
PROGRAM = """\
#!/bin/sh
export CONDARC={condarc}
exec {python} -I -m conda "$@"
"""
# Snakemake sources this before a job, with the environment's folder; conda's own is a program's.
ACTIVATE = """\
[ -d "$1/conda-meta" ] || {{ echo "$1 is not a conda environment" >&2; exit 1; }}
activation=$({conda} shell.posix activate "$1") || exit 1
eval "$activation"
"""


def make_conda(folder: Path, channels: Path) -> Path:
    """Make a conda whose channels are folders in `channels`; return its interpreter's folder."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "base"], check=True)
    programs = folder / "base/bin"
    pip = [sys.executable, "-m", "pip", "--python", programs / "python", "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", "-r", HERE / "requirements.txt"], check=True)

    (site_packages,) = folder.glob("base/lib/*/site-packages")
    shutil.move(site_packages / "conda_lock/_vendor/conda", site_packages / "conda")
    for path in (site_packages / "conda").rglob("*.py"):
        text = path.read_text("utf-8")
        path.write_text(text.replace("conda_lock._vendor.conda", "conda"), encoding="utf-8")
    for path in site_packages.glob("conda_lock*"):  # it announces itself to conda as a plugin
        shutil.rmtree(path)

    condarc = folder / "condarc"
    condarc.write_text(SETTINGS.format(channels=channels, packages=folder / "packages"))
    program = programs / "conda"
    program.write_text(PROGRAM.format(condarc=condarc, python=programs / "python"))
    program.chmod(0o755)
    (programs / "activate").write_text(ACTIVATE.format(conda=program))
    return programs
