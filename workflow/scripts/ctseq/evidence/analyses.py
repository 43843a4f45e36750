"""Every analysis, by the path of its table under ``comparison/``.

To add one, add an entry to `OVER_REPLICATES`, `OVER_PATIENTS`, `OVER_SLICES` or `FURTHER`: rules,
scripts and the report find it there.
"""

from ctseq.evidence.further.analyses import FURTHER
from ctseq.evidence.over_patients.analyses import OVER_PATIENTS
from ctseq.evidence.over_replicates.analyses import OVER_REPLICATES
from ctseq.evidence.over_slices.analyses import OVER_SLICES
from ctseq.evidence.tables import Analysis

ANALYSES: dict[str, Analysis] = {
    **OVER_REPLICATES,
    **OVER_PATIENTS,
    **OVER_SLICES,
    **FURTHER,
}
