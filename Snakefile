"""From a raw dataset to a report in results/<study>/: does seeing the whole sequence help?"""

from snakemake.utils import min_version

min_version("9.27")  # pathvars


include: "workflow/rules/given.smk"


configfile: str(ROOT / "config.yaml")  # beside this file, wherever it is run from


include: "workflow/rules/common.smk"
include: "workflow/rules/terminal.smk"
include: "workflow/rules/inputs.smk"
include: "workflow/rules/reuse.smk"
include: "workflow/rules/gates.smk"
include: "workflow/rules/check.smk"
include: "workflow/rules/dataset.smk"
include: "workflow/rules/splits.smk"
include: "workflow/rules/features.smk"
include: "workflow/rules/training.smk"
include: "workflow/rules/evaluation.smk"
include: "workflow/rules/comparison.smk"
include: "workflow/rules/further.smk"
include: "workflow/rules/protocols.smk"
include: "workflow/rules/multiverse.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/studies.smk"
include: "workflow/rules/published.smk"


localrules:
    all,
    multiverse,
    published,


rule all:
    """The whole study: tables, figures, the report and its checklists."""
    input:
        "<results>/report.html",
        "<results>/config.yaml",
        rules.write_reporting.output,
        "<results>/check.txt",
        external_scores,


rule multiverse:
    """The answer under every protocol of a grid: a table, and a page with its figure."""
    input:
        multiverse_page,


rule published:
    """The paper's tables and figures, and the corrected analysis, from the published replicates."""
    input:
        "results/published/report.html",
