"""Draw a slice with and a slice without what the study looks for."""

from ctseq.core.files import read_json
from ctseq.core.logs import rule_log
from ctseq.core.tables import read_table
from ctseq.figures.examples import choose_examples, example_slices
from ctseq.figures.style import save
from ctseq.imaging.windows import parse_windows
from ctseq.intake.tables import SCANS, SLICES
from ctseq.readers.registry import reader_of
from ctseq.readers.subtypes import SUBTYPES


def main(dataset, recognised, slices, scans, svg, png, *, window, target, synthetic):
    """Write the figure, in the first window where there are three; `target` is in words."""
    reader, windows = reader_of(read_json(recognised)["format"]), parse_windows(window)[:1]
    table = read_table(slices, SLICES)
    chosen = choose_examples(table, read_table(scans, SCANS))
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
            target=target,
            labelled=bool(table["target"].notna().all()),
            synthetic=synthetic,
        ),
        svg,
        png,
    )


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(*snakemake.input, *snakemake.output, **snakemake.params)
