# Before any configuration is read: where the workflow is, its library, and whether the files that
# configure it are YAML. No rules.

import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

# The workflow's own folder: that of its Snakefile, which need not be the working directory (-s,
# --directory) nor the folder of the Snakefile that was named (module).
ROOT = Path(os.path.normpath(workflow.snakefile)).parents[2]
SCRIPTS = ROOT / "workflow/scripts"
if not SCRIPTS.is_dir():
    raise WorkflowError(
        f"{workflow.snakefile} is not on this machine, but the programs of ctseq have to be: clone its "
        "repository and name the Snakefile there."
    )
AT_HOME = ROOT.samefile(os.curdir)
# First: a ctseq among the installed packages or on PYTHONPATH is another one.
sys.path.insert(0, str(SCRIPTS))

import ctseq

if not SCRIPTS.samefile(Path(str(ctseq.__file__)).parents[1]):
    raise WorkflowError(
        f"The ctseq of {SCRIPTS} cannot be imported, since {ctseq.__file__} already was: one run of "
        "Snakemake can have one ctseq only."
    )

from ctseq.core.errors import InputError
from ctseq.study.given.files import check_files


def stop(message):
    """Say what is wrong and end Snakemake, from the rules or from an input function.

    Of an error that is raised there, Snakemake shows the place in the rules, too; and of one in an
    input function, it makes nothing if the rule's outputs exist: it takes them as files that no rule
    makes.
    """
    logger.error(f"Error: {message}")
    raise SystemExit(1)


IS_MODULE = not ROOT.samefile(workflow.basedir)
# The later ones win. An importing workflow reads its own.
CONFIG_FILES = (ROOT / "config.yaml",)
CONFIG_FILES += () if IS_MODULE else tuple(workflow.config_settings.configfiles)
try:
    if workflow.is_main_process:
        check_files(CONFIG_FILES)
except InputError as error:
    stop(str(error))
