"""Draw a slice with and a slice without hemorrhage."""

from pathlib import Path

from ctseq.datasets import reader_for
from ctseq.figures.examples import choose_examples, example_slices
from ctseq.figures.style import save
from ctseq.runlog import rule_log
from ctseq.tables import PATIENTS, SLICES, SUBTYPES, read_table


def main(dataset, slices, patients, svg, png, *, layout, synthetic):
    """Write the figure."""
    reader = reader_for(dataset, layout)
    chosen = choose_examples(read_table(slices, SLICES), read_table(patients, PATIENTS))
    positive, negative = (reader.read_slice(Path(dataset) / row["path"]) for row in chosen)
    subtypes = [name for name in SUBTYPES if chosen[0][name]]
    save(example_slices(positive, negative, subtypes=subtypes, synthetic=synthetic), svg, png)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(
            snakemake.input.dataset,
            snakemake.input.slices,
            snakemake.input.patients,
            *snakemake.output,
            **snakemake.params,
        )
