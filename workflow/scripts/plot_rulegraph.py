"""Draw the workflow's own rules, as two graphs that meet in the rule `evaluate`."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from ctseq.core.errors import InputError
from ctseq.core.logs import rule_log
from ctseq.figures.graph import rule_graph
from ctseq.figures.rulegraph import part_of, read_dot
from ctseq.figures.style import save

MEETING = "evaluate"


def main(snakefile, figures, *, config, gpu_rules):
    """Write both figures, each as SVG and PNG: up to the predictions, and from there on."""
    graph = read_dot(describe(snakefile, config))
    graph.remove_nodes_from(["all"])  # it only collects
    for before, files in zip((True, False), (figures[:2], figures[2:]), strict=True):
        save(rule_graph(part_of(graph, MEETING, before=before), emphasised=gpu_rules), *files)


def describe(snakefile, config):
    """Ask Snakemake for the rule graph, beside the run that this rule is a part of."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(config, file)
        file.flush()
        python, environment = snakemake_python()
        command = [python, "-m", "snakemake", "--snakefile", snakefile]
        command += ["--configfile", file.name, "--rulegraph", "dot", "--forceall", "--nolock"]
        command += ["--workflow-profile", "none", "--quiet", "all"]
        answer = subprocess.run(  # noqa: S603
            command, env=environment, capture_output=True, text=True, check=False
        )
    if answer.returncode:
        last = answer.stderr.strip().splitlines()[-12:]
        raise InputError("Snakemake cannot describe the workflow:\n" + "\n".join(last))
    return answer.stdout


def snakemake_python():
    """Give the Python that Snakemake is installed for, which a conda environment's is not.

    Returns
    -------
    tuple
        The interpreter and the environment to run it in.
    """
    environment = {k: v for k, v in os.environ.items() if k != "SNAKEMAKE_PROFILE"}
    module = Path(sys.modules["snakemake"].__file__)  # PREFIX/lib/python3.x/site-packages/...
    own = module.parents[4] / "bin/python3"
    if module.parents[3].name == "lib" and own.exists():
        return str(own), environment
    # In a container, Snakemake's files are mounted somewhere and put on sys.path.
    paths = os.pathsep.join(filter(None, sys.path))
    return sys.executable, environment | {"PYTHONPATH": paths}


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(snakemake.input.workflow[0], list(snakemake.output), **snakemake.params)
