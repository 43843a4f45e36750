"""What docs/ and envs/ say of the rules: their graph, what they ask Slurm for, their image."""

import hashlib
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
# What envs/Containerfile has beyond the lines that Snakemake writes.
ABOUT_THE_IMAGE = [
    "# An image with the environments of envs/; docs/environments.md says how to use it.",
    "# Written from them by `make docs`, as `snakemake --containerize` would but for these lines.",
]
CUDA_OF_THE_IMAGE = [
    "# conda-forge gives PyTorch's GPU build where it is told of a driver: its CUDA version.",
    "ARG CONDA_OVERRIDE_CUDA",
]


def rule_graph() -> str:
    """Return Graphviz's text of the rules that the study of config.yaml needs, and their arrows."""
    command = [sys.executable, "-m", "snakemake", "--rulegraph", "dot", "--forceall", "--nolock"]
    # Any folder will do as the dataset: nothing reads it.
    command += ["--quiet", "all", "--config", "datasets={ct-ich: {path: .}}"]
    text = subprocess.check_output(command, cwd=ROOT, text=True)  # noqa: S603
    names = dict(re.findall(r'^\s*(\d+)\[label = "(\w+)', text, re.MULTILINE))
    arrows = re.findall(r"^\s*(\d+) -> (\d+)", text, re.MULTILINE)
    # Snakemake's numbers and order differ from run to run.
    return "\n".join(
        [
            "digraph rules {",
            "graph [margin=0, nodesep=0.15, ranksep=0.35]",
            'node [shape=box, style=rounded, color="#4477aa", fontname="sans-serif", fontsize=11]',
            'node [height=0.35, margin="0.1,0.03"]',
            'edge [color="#888888", arrowsize=0.6]',
            *sorted(names.values()),
            *sorted(f"{names[before]} -> {names[after]}" for before, after in arrows),
            "}",
        ]
    )


def rule_tables() -> dict[str, str]:
    """Return the table of docs/cluster.md, by the name that the page has for it."""
    profile = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text("utf-8"))
    files = re.findall(r'^include: "(.*)"$', (ROOT / "Snakefile").read_text("utf-8"), re.MULTILINE)
    text = "".join((ROOT / name).read_text("utf-8") for name in files)
    rules = dict(re.findall(r"^(?:rule|checkpoint) (\w+):\n((?: {4}.*\n|\n)+)", text, re.MULTILINE))
    # A rule made of another one has what that one has, but for what it says itself.
    others = re.findall(r"^use rule (\w+) as (\w+) with:\n((?: {4}.*\n|\n)+)", text, re.M)
    rules |= {new: own + rules[old] for old, new, own in others}
    return {"requests": _requests(profile, rules)}


def _requests(profile: dict[str, Any], rules: dict[str, str]) -> str:
    """Return the Markdown table of what rules ask Slurm for, on the first attempt.

    Parameters
    ----------
    profile
        profiles/slurm/config.yaml.
    rules
        Name to source text of the rules, in the workflow's order.
    """
    lines = [
        "| rule | what it does | goes with | partition | CPUs | GPUs | memory | minutes |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, asked in ((name, profile["set-resources"].get(name)) for name in rules):
        if asked is None:
            continue
        threads = re.search(r"^    threads: (\d+)$", rules[name], re.MULTILINE)
        cells = [
            f"`{name}`",
            re.search(r'^    """(.*)"""$', rules[name], re.MULTILINE)[1],
            profile["groups"].get(name, ""),
            asked["slurm_partition"],
            threads[1] if threads else "1",
            str(asked.get("gpu", "")),
            *(str(asked[key]).removesuffix(" * attempt") for key in ("mem_mb", "runtime")),
        ]
        cells[6] += " MB"
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def containerfile() -> str:
    """Return envs/Containerfile as it should be."""
    contents = {file.name: file.read_bytes() for file in sorted(ROOT.glob("envs/*.yaml"))}
    together = hashlib.sha256(b"".join(contents.values())).hexdigest()
    lines = [
        *ABOUT_THE_IMAGE,
        "FROM condaforge/miniforge3:latest",
        'LABEL io.github.snakemake.containerized="true"',
        f'LABEL io.github.snakemake.conda_env_hash="{together}"',
        *CUDA_OF_THE_IMAGE,
    ]
    creations = []
    for name, content in contents.items():
        # Where Snakemake looks for an environment in an image.
        prefix = f"/conda-envs/{hashlib.md5(content, usedforsecurity=False).hexdigest()}"
        lines += [
            "# Conda environment:",
            f"#   source: envs/{name}",
            f"#   prefix: {prefix}",
            *(f"#   {line}" for line in content.decode().strip().split("\n")),
            f"RUN mkdir -p {prefix}",
            f"COPY envs/{name} {prefix}/environment.yaml",
        ]
        creations.append(f"conda env create --prefix {prefix} --file {prefix}/environment.yaml &&")
    steps = " \\\n    ".join([*creations, "conda clean --all -y"])
    return "\n".join([*lines, "", f"RUN {steps}", ""])
