"""Write the generated parts of the documents: run it by `make docs`, with Graphviz installed.

A generated part stands between two comments that name it; everything else is written by hand.
"""

import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "workflow/scripts"), str(ROOT / "docs")]

from encoder_tables import encoder_tables  # noqa: E402

from ctseq.core.tables import read_table  # noqa: E402
from ctseq.evidence.levels import LEARNERS, LEVELS, UNUSED, beyond_bounds  # noqa: E402
from ctseq.evidence.metrics import comparable_metrics  # noqa: E402
from ctseq.families.registry import FAMILIES, Family  # noqa: E402
from ctseq.imaging.windows import PRESETS  # noqa: E402
from ctseq.readers.formats import FORMATS  # noqa: E402
from ctseq.readers.problems import PROBLEMS, UNUSED_FILES  # noqa: E402
from ctseq.report.numbers import LEARNER_WORDS, statistic_words  # noqa: E402
from ctseq.study.schema import followed, properties, with_names  # noqa: E402

# What envs/Containerfile has beyond the lines that Snakemake writes.
ABOUT_THE_IMAGE = [
    "# An image with the environments of envs/; docs/environments.md says how to use it.",
    "# Written from them by `make docs`, as `snakemake --containerize` would but for these lines.",
]
# Columns of the tables of levels; every other metric stands in the last one.
METRICS_OF_LEVELS = {
    "accuracy": "accuracy",
    "recall": "recall",
    "specificity": "specificity",
    "precision": "precision",
    "roc_auc": "AUC",
    "brier": "Brier",
}
# Why rates are beyond their bounds, and which ones; the first that fits counts.
REASONS: list[tuple[str, dict[str, tuple[Any, ...]]]] = [
    (
        "Models that draw their own splits, as the published ones: n_test/n_train counts once. In "
        "a difference the covariance of the two means, which is left out, makes up for that with "
        "most metrics, but not with those whose replicates correlate most; the mean of one model "
        "has no such help.",
        {"shared_splits": (0,)},
    ),
    (
        "Recall and specificity of nearest neighbours over repeated folds: all training subsets "
        "have the same numbers of both classes, so that replicates show little of what a learner "
        "with a leaning to one class would do in other studies.",
        {
            "procedure": ("difference", "interval", "non_inferiority"),
            "statistic": ("recall", "specificity"),
            "scheme": ("repeated_kfold",),
            "learner": ("knn",),
        },
    ),
    (
        "Intercept and observed over expected of nearest neighbours, over stratified and repeated "
        "folds: for the same reason.",
        {
            "procedure": ("calibration",),
            "statistic": ("intercept", "observed_expected"),
            "scheme": ("stratified", "repeated_kfold"),
            "learner": ("knn",),
        },
    ),
    (
        "The slope of tuned ridge regression over ten replicates of stratified splits or folds: "
        "its scores are cut to 0 and 1, and a prediction that is cut counts as nearly certain. "
        "Where a few are, they decide the slope, which is near 0 then and anywhere up to 1 "
        "otherwise; ten replicates may show the one and not the other.",
        {
            "procedure": ("calibration",),
            "statistic": ("slope",),
            "scheme": ("stratified", "repeated_kfold"),
            "learner": ("tuned",),
        },
    ),
    (
        "Net benefit at a threshold so low that nearest neighbours call nearly everybody positive: "
        "over stratified splits most replicates then have the same net benefit, and some studies "
        "hardly any variance.",
        {
            "procedure": ("interval",),
            "statistic": ("net_benefit_0.1",),
            "scheme": ("stratified",),
            "learner": ("knn",),
        },
    ),
]
CUDA_OF_THE_IMAGE = [
    "# conda-forge gives PyTorch's GPU build where it is told of a driver: its CUDA version.",
    "ARG CONDA_OVERRIDE_CUDA",
]


# What a value is, by its type in the schema.
TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "`true` or `false`",
    "array": "list",
    "object": "mapping",
}
# How the bounds of a number are put, by the schema's words for them.
BOUNDS = {
    "minimum": "from {}",
    "exclusiveMinimum": "above {}",
    "maximum": "to {}",
    "exclusiveMaximum": "and below {}",
}


def config_table(schema: dict[str, Any]) -> str:
    """Return the Markdown table of every configuration key."""
    schema = with_names(schema, metrics=comparable_metrics())
    lines = ["| key | values | default | what it is |", "|---|---|---|---|"]
    for path, part, default in config_keys(schema, schema):
        cells = [f"`{path}`", values_of(part), default, part["description"]]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def config_keys(
    part: dict[str, Any], schema: dict[str, Any], *, above: str = "", filled: bool = True
) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield the path, the schema and the default, as it is shown, of every key that has words.

    An entry of a catalogue is called ``<name>`` in paths.

    Parameters
    ----------
    part, schema
        The part of the schema that is looked at, and the whole of it.
    above
        The path of that part, with a dot behind it.
    filled
        Whether the part's defaults are filled in where a configuration leaves them out.
    """
    for name, its in properties(part, schema):
        path = f"{above}{name}"
        default = _shown(its["default"]) if filled and "default" in its else ""
        if "description" in its:
            yield path, its, "required" if name in part.get("required", []) else default
        if (entry := its.get("additionalProperties")) and "$ref" in entry:  # a catalogue
            inner = followed(entry, schema)
            yield from config_keys(inner, schema, above=f"{path}.<name>.", filled=filled)
        # What repeats another part in words of its own has that one's keys.
        elif not ({"$ref", "description"} <= part["properties"][name].keys()):
            own = filled and "default" not in its
            yield from config_keys(its, schema, above=f"{path}.", filled=own)


def values_of(part: dict[str, Any]) -> str:
    """Return what a key may be, in words."""
    if "anyOf" in part:
        return " or ".join(map(values_of, part["anyOf"]))
    if "else" in part:  # a number, or one of some words
        return f"{values_of(part['if'] | part['then'])}, or {values_of(part['else'])}"
    if "enum" in part:
        return _named(part["enum"])
    kinds = part["type"] if isinstance(part["type"], list) else [part["type"]]
    bounds = [words.format(part[bound]) for bound, words in BOUNDS.items() if bound in part]
    first, *others = [TYPES[kind] for kind in kinds]
    return ", or ".join([" ".join([first, *bounds]), *others])


def replaced(document: str, name: str, content: str) -> str:
    """Replace the generated part `name` of a document."""
    begin, end = f"<!-- generated: {name} -->", f"<!-- end: {name} -->"
    pattern = re.compile(f"{re.escape(begin)}.*{re.escape(end)}", re.DOTALL)
    if not pattern.search(document):
        raise ValueError(f"the document has no part between {begin} and {end}")
    return pattern.sub(lambda _: f"{begin}\n{content}\n{end}", document)


def configuration() -> str:
    """Return docs/configuration.md as it should be."""
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text("utf-8"))
    document = (ROOT / "docs/configuration.md").read_text("utf-8")
    return replaced(document, "keys", config_table(schema))


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


def requests_table(profile: dict[str, Any], rules: dict[str, str]) -> str:
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


def cluster() -> str:
    """Return docs/cluster.md as it should be."""
    profile = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text("utf-8"))
    files = re.findall(r'^include: "(.*)"$', (ROOT / "Snakefile").read_text("utf-8"), re.MULTILINE)
    text = "".join((ROOT / name).read_text("utf-8") for name in files)
    rules = dict(re.findall(r"^rule (\w+):\n((?: {4}.*\n|\n)+)", text, re.MULTILINE))
    # A rule made of another one has what that one has, but for what it says itself.
    others = re.findall(r"^use rule (\w+) as (\w+) with:\n((?: {4}.*\n|\n)+)", text, re.M)
    rules |= {new: own + rules[old] for old, new, own in others}
    document = (ROOT / "docs/cluster.md").read_text("utf-8")
    return replaced(document, "requests", requests_table(profile, rules))


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


def format_table() -> str:
    """Return the Markdown table of the formats of datasets."""
    rows = ["| `format` | expects | recognised by | pixels | labels |", "|---|---|---|---|---|"]
    for name, one in FORMATS.items():
        pixels = "Hounsfield units" if one.hounsfield else "grey, in the brain window"
        labels = "its own table" if one.own_labels else "a label table"
        rows.append(f"| `{name}` | {one.expects} | {one.looked_for} | {pixels} | {labels} |")
    return "\n".join(rows)


def datasets() -> str:
    """Return docs/datasets.md as it should be: formats, windows, reasons as the code has them."""
    document = (ROOT / "docs/datasets.md").read_text("utf-8")
    document = replaced(document, "formats", format_table())
    windows = ["| preset | level, HU | width, HU |", "|---|---|---|"]
    windows += [f"| `{name}` | {one.level} | {one.width} |" for name, one in PRESETS.items()]
    document = replaced(document, "windows", "\n".join(windows))
    for name, reasons in (("files", UNUSED_FILES), ("problems", PROBLEMS)):
        rows = ["| code | what | |", "|---|---|---|"]
        rows += [f"| `{code}` | {why.words} | {why.meaning} |" for code, why in reasons.items()]
        document = replaced(document, name, "\n".join(rows))
    return document


def training() -> str:
    """Return docs/training.md as it should be: its table of families is that of the registry."""
    document = (ROOT / "docs/training.md").read_text("utf-8")
    return replaced(document, "families", families_table(FAMILIES))


def families_table(families: Mapping[str, Family]) -> str:
    """Return the Markdown table of families: name, words, and what they learn from and by."""
    lines = [
        "| `family` | what it is | learns from | of encoders that see | `training.loss` | `pool` |",
        "|---|---|---|---|---|---|",
    ]
    for name, about in families.items():
        cells = [
            f"`{name}`",
            about.words,
            "all slices of a scan" if about.together else "each row",
            *(_named(values) for values in (about.takes, about.losses, about.pools)),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def encoders() -> str:
    """Return docs/encoders.md as it should be."""
    document = (ROOT / "docs/encoders.md").read_text("utf-8")
    for name, table in encoder_tables().items():
        document = replaced(document, name, table)
    return document


def statistics() -> str:
    """Return docs/statistics.md as it should be: its tables are those of resources/levels.csv."""
    levels = read_table(ROOT / "resources/levels.csv", LEVELS)
    document = (ROOT / "docs/statistics.md").read_text("utf-8")
    for name in ("difference", "interval", "difference_overlap_once"):
        document = replaced(document, name, levels_table(levels[levels["procedure"] == name]))
    others = levels[
        ~levels["procedure"].isin(["difference", "difference_overlap_once", "interval"])
    ]
    unused = others["procedure"].isin(UNUSED)
    document = replaced(document, "others", ranges_table(others[~unused]))
    document = replaced(document, "unused", ranges_table(others[unused]))
    return replaced(document, "beyond", beyond_table(levels))


def levels_table(levels: pd.DataFrame) -> str:
    """Return the Markdown table of one procedure: the range over learners, in per cent."""
    lines = [f"| design | {' | '.join(METRICS_OF_LEVELS.values())} | all others |"]
    lines += [f"|---|{'---|' * (len(METRICS_OF_LEVELS) + 1)}"]
    for design, rows in levels.groupby(levels.apply(_design, axis=1), sort=False):
        known = rows["statistic"].isin(METRICS_OF_LEVELS)
        cells = [rows[rows["statistic"] == metric] for metric in METRICS_OF_LEVELS]
        lines.append(f"| {design} | {' | '.join(map(_range, [*cells, rows[~known]]))} |")
    return "\n".join(lines)


def ranges_table(levels: pd.DataFrame) -> str:
    """Return the Markdown table of the range over learners and designs, in per cent.

    Designs are those in which models share their splits. One-sided claims and learning curves are
    told of all metrics together, and the deviation of those that have a column elsewhere.
    """
    lines = ["| procedure | of | 82 patients | 300 patients |", "|---|---|---|---|"]
    levels = levels[levels["shared_splits"] == 1]
    told = (levels["procedure"] != "deviation_chi_square") | levels["statistic"].isin(
        METRICS_OF_LEVELS
    )
    levels = levels[told]
    names = zip(levels["procedure"], levels["statistic"], strict=True)
    levels = levels.assign(statistic=[_any_metric(*own) for own in names])
    for (procedure, statistic), rows in levels.groupby(["procedure", "statistic"], sort=False):
        cells = [_range(rows[rows["n_patients"] == n]) for n in (82, 300)]
        lines.append(
            f"| {_words(procedure)} | {statistic_words(statistic)} | {' | '.join(cells)} |"
        )
    return "\n".join(lines)


def beyond_table(levels: pd.DataFrame) -> str:
    """Return the Markdown table of all that is relied on and is beyond its bound, with reasons."""
    beyond = beyond_bounds(levels)
    beyond["reason"] = [reason_of(row) for _, row in beyond.iterrows()]
    lines = [
        "| procedure | of | design | beyond, in % | bound | why |",
        "|---|---|---|---|---|---|",
    ]
    for _, rows in beyond.groupby([*LEVELS.key, "bound", "reason"], sort=False):
        row = rows.iloc[0]
        told = [
            f"{LEARNER_WORDS[name]} {100 * rate:.1f}"
            for name, rate in zip(rows["learner"], rows["rate"], strict=True)
        ]
        cells = [_words(row["procedure"]), statistic_words(row["statistic"]), _design(row)]
        cells += [", ".join(told), f"{100 * row['bound']:g}", str(row["reason"])]
        lines.append(f"| {' | '.join(cells)} |")
    given = sorted({*beyond["reason"]})
    return "\n".join([*lines, "", *(f"{number}. {REASONS[number - 1][0]}" for number in given)])


def reason_of(row: pd.Series) -> int:
    """Return the number of the reason for which a rate is beyond its bound, from 1 on.

    Raises
    ------
    ValueError
        If none of `REASONS` fits: it has to be found, and written there.
    """
    for number, (_, which) in enumerate(REASONS, start=1):
        if all(row[column] in allowed for column, allowed in which.items()):
            return number
    raise ValueError(f"a rate is beyond its bound for no reason of REASONS: {row.to_dict()}")


def _design(row: pd.Series) -> str:
    """Return a simulated design in words."""
    if row["scheme"] == "repeated_kfold":
        folds = round(1 / row["test_proportion"])
        words = f"{folds} folds x {row['replicates'] // folds}"
    else:
        words = f"{row['replicates']} {row['scheme']} splits"
    own = "" if row["shared_splits"] else ", each model its own"
    return f"{words} of {row['n_patients']} patients{own}"


def _range(rows: pd.DataFrame) -> str:
    rates = 100 * rows[list(LEARNERS)].to_numpy(dtype=float)
    return f"{rates.min():.1f} to {rates.max():.1f}" if rates.size else ""


def _any_metric(procedure: str, statistic: str) -> str:
    """Return a statistic, without its metric where all metrics are told of together."""
    if procedure in ("equivalence", "non_inferiority"):
        return "any metric"
    if procedure == "learning_curve":
        return f"any metric at {statistic.rpartition(' at ')[2]}"
    return statistic


def _words(procedure: str) -> str:
    return procedure.replace("_", " ")


def _named(values: Iterable[str]) -> str:
    return ", ".join(f"`{value}`" for value in values)


def _shown(value: Any) -> str:
    """Return a value as it stands in a configuration."""
    text = yaml.safe_dump(value, default_flow_style=True, width=1000)
    return f"`{text.splitlines()[0]}`"  # behind a word or a number stands a line of dots


if __name__ == "__main__":
    (ROOT / "docs/configuration.md").write_text(configuration(), encoding="utf-8")
    (ROOT / "docs/cluster.md").write_text(cluster(), encoding="utf-8")
    (ROOT / "envs/Containerfile").write_text(containerfile(), encoding="utf-8")
    (ROOT / "docs/datasets.md").write_text(datasets(), encoding="utf-8")
    (ROOT / "docs/statistics.md").write_text(statistics(), encoding="utf-8")
    (ROOT / "docs/training.md").write_text(training(), encoding="utf-8")
    (ROOT / "docs/encoders.md").write_text(encoders(), encoding="utf-8")
    picture = ["dot", "-Tsvg", "-o", str(ROOT / "docs/rules.svg")]
    subprocess.run(picture, input=rule_graph(), text=True, check=True)  # noqa: S603
    # The README's figure of the published replicates.
    published = [sys.executable, "-m", "snakemake", "published", "--cores", "all", "--quiet"]
    subprocess.run(published, cwd=ROOT, check=True)  # noqa: S603
    shutil.copy(ROOT / "results/published/figures/differences.svg", ROOT / "docs")
