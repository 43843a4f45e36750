"""Draw a synthetic head-CT dataset in the layout of any format."""

import logging

from ctseq.core.files import atomic_write
from ctseq.core.logs import rule_log
from ctseq.phantom.layouts import write_phantom


def main(*, dataset, phantom, seed):
    """Write the dataset; `phantom` holds patients, positive, image_size and layout."""
    with atomic_write(dataset) as folder:
        write_phantom(folder, **phantom, seed=seed)
    logging.getLogger("ctseq").info(
        "Drew %d synthetic patients, %d with hemorrhage, %d px, seed %d.",
        *(phantom["patients"], phantom["positive"], phantom["image_size"], seed),
    )


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(**snakemake.output, **snakemake.params)
