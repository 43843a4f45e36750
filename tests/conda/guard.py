"""What every interpreter of the test's channel does first (as its sitecustomize.py).

Snakemake appends the folders that it imports from to those of every script, so that a package that
is missing from an environment is silently taken from Snakemake's own. Here only Snakemake's own
modules come from there. And each script is noted with the interpreter that ran it.
"""

import os
import sys
from importlib.machinery import PathFinder
from pathlib import Path

# What a script's first line, which Snakemake writes, imports.
SNAKEMAKES = ("snakemake", "tenacity")


class OwnPackages(PathFinder):
    """Look for packages in this environment alone."""

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if path is None and not name.startswith(SNAKEMAKES):
            path = [
                folder
                for folder in sys.path
                if folder.startswith(sys.prefix) or "-packages" not in folder
            ]
        return super().find_spec(name, path, target)


packages = str(Path(os.__file__).with_name("site-packages"))
if packages not in sys.path:  # Debian's Python looks for them elsewhere
    sys.path.append(packages)
sys.meta_path[sys.meta_path.index(PathFinder)] = OwnPackages

script = Path(sys.orig_argv[-1])  # a copy that Snakemake makes: tmpk3j9x2.fit.py
if "CTSEQ_INTERPRETERS" in os.environ and script.suffix == ".py":
    with Path(os.environ["CTSEQ_INTERPRETERS"]).open("a") as file:
        file.write(f"{script.stem.partition('.')[2]} {sys.prefix}\n")
