"""Draw a slice with and a slice without hemorrhage."""

from ctseq.core.files import read_json
from ctseq.core.logs import rule_log
from ctseq.core.tables import read_table
from ctseq.figures.examples import choose_examples, example_slices
from ctseq.figures.style import save
from ctseq.imaging.windows import parse_windows
from ctseq.intake.tables import PATIENTS, SLICES
from ctseq.readers.registry import READERS
from ctseq.readers.subtypes import SUBTYPES


def main(dataset, recognised, slices, patients, svg, png, *, window, synthetic):
    """Write the figure, in the first window where there are three."""
    reader, windows = READERS[read_json(recognised)["format"]], parse_windows(window)[:1]
    table = read_table(slices, SLICES)
    chosen = choose_examples(table, read_table(patients, PATIENTS))
    positive, negative = (
        reader.open_sequence(dataset, table.loc[[row.name]], windows)(0) for row in chosen
    )
    shows = table[list(SUBTYPES)].eq(1).fillna(False).loc[chosen[0].name]
    subtypes = [name for name in SUBTYPES if shows[name]]
    save(
        example_slices(
            positive,
            negative,
            subtypes=subtypes,
            labelled=bool(table["hemorrhage"].notna().all()),
            synthetic=synthetic,
        ),
        svg,
        png,
    )


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(*snakemake.input, *snakemake.output, **snakemake.params)
