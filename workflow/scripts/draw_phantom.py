"""Draw a synthetic head-CT dataset in the layout of any format."""

import logging

from ctseq.core.files import atomic_write
from ctseq.core.logs import rule_log
from ctseq.phantom.layouts import write_phantom


def main(*, dataset, phantom):
    """Write the dataset; `phantom` holds patients, positive, image_size, layout and seed."""
    with atomic_write(dataset) as folder:
        write_phantom(folder, **phantom)
    logging.getLogger("ctseq").info(
        "Drew %(patients)d synthetic patients, %(positive)d with hemorrhage, %(image_size)d px, "
        "seed %(seed)d.",
        phantom,
    )


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(**snakemake.output, **snakemake.params)
