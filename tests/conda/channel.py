"""Write a channel `conda-forge` of the packages that environment files name, without network.

Its packages are those of an installed Python environment, with what they depend on, and CPython
itself: conda installs the very files that runs without conda use. `real_conda.py` runs this by the
interpreter of its conda, which has what writing archives takes:

    python channel.py FOLDER SITE_PACKAGES ENVIRONMENT.yaml ...
"""

import hashlib
import io
import json
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import Distribution, distributions
from pathlib import Path

from backports import zstd
from conda.base.context import context
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from ruamel.yaml import YAML

# conda-forge's names where they are not those of PyPI.
CONDA_NAMES = {"torch": "pytorch", "huggingface-hub": "huggingface_hub"}
# Parts of the standard library that nothing here runs.
LEFT_OUT = {"site-packages", "dist-packages", "test", "idlelib", "ensurepip", "lib2to3"}
GUARD = Path(__file__).with_name("guard.py")
PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"


def conda_name(pip_name: str) -> str:
    """Return a package's name on conda-forge."""
    name = canonicalize_name(pip_name)
    return CONDA_NAMES.get(name, name)


def named_packages(environments: list[Path]) -> set[str]:
    """Return the packages that environment files ask for, without Python."""
    specs = [spec for path in environments for spec in YAML(typ="safe").load(path)["dependencies"]]
    return {spec.partition("=")[0] for spec in specs} - {"python"}


def requirements(distribution: Distribution) -> list[str]:
    """List the packages that a distribution needs here, without its extras."""
    found = map(Requirement, distribution.requires or [])
    wanted = [one for one in found if one.marker is None or one.marker.evaluate({"extra": ""})]
    return sorted({conda_name(one.name) for one in wanted})


def with_dependencies(names: set[str], installed: dict[str, Distribution]) -> list[str]:
    """List packages and all that they need, directly or not."""
    found, queue = set(), sorted(names)
    while queue:
        name = queue.pop()
        if name not in installed:
            raise SystemExit(f"{name} is not installed here: is its conda-forge name known?")
        if name not in found:
            found.add(name)
            queue += requirements(installed[name])
    return sorted(found)


def files_of(distribution: Distribution) -> dict[str, Path]:
    """Return a distribution's files by their path in an environment, without its programs."""
    listed = [file for file in distribution.files or [] if ".." not in file.parts]
    files = {f"lib/{PYTHON}/site-packages/{file}": Path(file.locate()) for file in listed}
    return {inside: path for inside, path in files.items() if path.is_file()}


def files_of_python() -> dict[str, Path]:
    """Return the running CPython's files by their path in an environment, with the import guard."""
    base = Path(sys.base_prefix)
    library = Path(sysconfig.get_path("stdlib"))
    files = {f"bin/{PYTHON}": base / "bin" / PYTHON}
    for path in sorted(library.rglob("*")):
        inside = path.relative_to(library)
        if path.is_file() and not LEFT_OUT & {*inside.parts} and path.name != "sitecustomize.py":
            files[f"lib/{PYTHON}/{inside}"] = path
    return files | {f"lib/{PYTHON}/sitecustomize.py": GUARD}


def write_package(
    folder: Path,
    name: str,
    version: str,
    depends: list[str],
    files: dict[str, Path],
    links: dict[str, str],
) -> dict[str, object]:
    """Write a package as conda's archive and return its entry in the channel's index.

    Parameters
    ----------
    folder
        The channel's folder of this platform.
    files
        Path in an environment to file.
    links
        Path in an environment to the target of the link, relative to it.
    """
    record = {"name": name, "version": version, "build": "0", "build_number": 0}
    record |= {"depends": depends, "subdir": folder.name}
    paths = [
        {
            "_path": inside,
            "path_type": "hardlink",
            "sha256": _digest(path.read_bytes()),
            "size_in_bytes": path.stat().st_size,
        }
        for inside, path in files.items()
    ]
    paths += [{"_path": inside, "path_type": "softlink"} for inside in links]
    about = {
        "info/index.json": json.dumps(record),
        "info/paths.json": json.dumps({"paths": paths, "paths_version": 1}),
        "info/files": "".join(f"{inside}\n" for inside in [*files, *links]),
    }
    stem = f"{name}-{version}-0"
    archive = folder / f"{stem}.conda"
    with zipfile.ZipFile(archive, "w") as parts:
        parts.writestr("metadata.json", json.dumps({"conda_pkg_format_version": 2}))
        with _tar(parts, f"pkg-{stem}.tar.zst") as tar:
            for inside, path in files.items():
                tar.add(path.resolve(), inside)
            for inside, target in links.items():
                link = tarfile.TarInfo(inside)
                link.type, link.linkname = tarfile.SYMTYPE, target
                tar.addfile(link)
        with _tar(parts, f"info-{stem}.tar.zst") as tar:
            for inside, text in about.items():
                member = tarfile.TarInfo(inside)
                member.size = len(text.encode())
                tar.addfile(member, io.BytesIO(text.encode()))
    content = archive.read_bytes()
    return record | {"size": len(content), "sha256": _digest(content)}


def write_channel(channel: Path, site_packages: Path, environments: list[Path]) -> None:
    """Write the channel: a folder of this platform, and an empty one of packages for any."""
    folder = channel / context.subdir
    folder.mkdir(parents=True)
    installed = {conda_name(one.name): one for one in distributions(path=[str(site_packages)])}
    links = {"bin/python": PYTHON, "bin/python3": PYTHON}
    version = ".".join(map(str, sys.version_info[:3]))
    records = [write_package(folder, "python", version, [], files_of_python(), links)]
    for name in with_dependencies(named_packages(environments), installed):
        one = installed[name]
        # A build's own label, as in 2.13.0+cpu, is not part of a version on conda-forge.
        version = one.version.partition("+")[0]
        depends = ["python", *requirements(one)]
        records.append(write_package(folder, name, version, depends, files_of(one), {}))
    index = {f"{one['name']}-{one['version']}-0.conda": one for one in records}
    for subdir, packages in ((context.subdir, index), ("noarch", {})):
        (channel / subdir).mkdir(exist_ok=True)
        repodata = {"info": {"subdir": subdir}, "packages": {}, "packages.conda": packages}
        (channel / subdir / "repodata.json").write_text(json.dumps(repodata))


@contextmanager
def _tar(parts: zipfile.ZipFile, name: str) -> Iterator[tarfile.TarFile]:
    with (
        parts.open(name, "w", force_zip64=True) as part,
        zstd.open(part, "w", level=-5) as compressed,
        tarfile.open(fileobj=compressed, mode="w|") as tar,
    ):
        yield tar


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    folder, site_packages, *environments = map(Path, sys.argv[1:])
    write_channel(folder, site_packages, environments)
