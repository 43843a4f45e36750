"""Draw the difference under every protocol of the grid, and write the page about it."""

from ctseq.core.files import atomic_write
from ctseq.core.lines import restored
from ctseq.core.logs import rule_log
from ctseq.core.tables import read_table
from ctseq.evidence.further.multiverse import specification
from ctseq.figures.further import specification_curve
from ctseq.figures.style import save
from ctseq.report.figures import read_figures
from ctseq.report.pages.multiverse import render_multiverse
from ctseq.study.comparison import contrasts_of, model_labels


def main(inputs, outputs, *, config, axes, n_refused):
    """Write a figure a contrast, as SVG and as PNG, and the page; `axes` have words."""
    table = read_table(inputs.table, specification([*axes]))
    labels = model_labels(config)
    for (a, b), svg, png in zip(contrasts_of(config), outputs.svg, outputs.png, strict=True):
        own = table[(table["model_a"] == a) & (table["model_b"] == b)]
        difference = f"{labels[a]} − {labels[b]}"
        settings = {"axes": axes, "difference": difference, "alpha": config["comparison"]["alpha"]}
        save(specification_curve(own, **settings), svg, png)
    figures = read_figures(outputs.svg, [inputs.caption], config, shared_splits=True)
    page = render_multiverse(table, config=config, axes=axes, n_refused=n_refused, figures=figures)
    with atomic_write(outputs.page) as unfinished:
        unfinished.write_text(page, encoding="utf-8")


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        named = {**snakemake.params}
        lines = snakemake.params[1 : -len(named)]
        main(snakemake.input, snakemake.output, **restored(lines), **named)
