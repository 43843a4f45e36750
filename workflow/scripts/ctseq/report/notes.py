"""Words for the notes of tables, which evidence holds as codes with values."""

from collections.abc import Callable, Iterable

from ctseq.evidence.notes import Code, Note, read_notes
from ctseq.report.numbers import CUT_MEANS


def note_words(note: Note) -> str:
    """Return a note in words, beginning in lower case and without a full stop."""
    words = WORDS[Code(note["code"])]
    fill_in = words if callable(words) else words.format
    return fill_in(**{key: value for key, value in note.items() if key != "code"})


def words_of(cell: object) -> list[str]:
    """Return the notes of a row in words, from its cell in the column `notes`.

    That an interval is cut is left out: it is marked where the interval stands.
    """
    return [note_words(note) for note in read_notes(cell) if note["code"] != Code.CUT_AT_RANGE]


def cut_note(cells: Iterable[object]) -> list[str]:
    """Return what the mark of cut intervals means, if any of the rows with these notes has one."""
    codes = {note["code"] for cell in cells for note in read_notes(cell)}
    return [CUT_MEANS] if Code.CUT_AT_RANGE in codes else []


def _false_alarms(of_10: float, of_30: float) -> str:
    return (
        "takes replicates for independent, which they are not: without any true difference it "
        f"calls one in {100 * of_10:.0f} % of simulated studies of 10 replicates and in "
        f"{100 * of_30:.0f} % of 30, not in 5 %"
    )


# For each code but `CUT_AT_RANGE`, which is a mark, a format string, or a function where words
# depend on the values.
WORDS: dict[Code, str | Callable[..., str]] = {
    Code.NO_VALUE: "no defined value",
    Code.ONE_VALUE: "one value has no deviation",
    Code.NEEDS_VALUES: "needs {needed} defined values, has {n}",
    Code.NEEDS_VALUES_OF_EACH: "needs {needed} defined values of each model, has {n_a} and {n_b}",
    Code.NEEDS_SHARED_REPLICATES: "needs {needed} replicates defined for both models, has {n}",
    Code.VALUES_EQUAL: "all values are equal",
    Code.ALL_VALUES_EQUAL: "all values of both models are equal",
    Code.NO_SPREAD_WITHIN_MODELS: "neither model's values vary, so nothing can be tested",
    Code.DISTANCES_CONSTANT: "distances from the median do not vary within the models",
    Code.NO_POOLED_DEVIATION: "neither model's values vary",
    Code.MODELS_EQUAL: "the models are equal in every replicate",
    Code.DIFFERENCE_CONSTANT: (
        "the difference is the same in every replicate, so its error cannot be estimated"
    ),
    Code.DIFFERENCE_WITHOUT_DEVIATION: (
        "the difference is the same in every replicate, so it has no deviation"
    ),
    Code.UNPAIRED: (
        "models did not share their splits, so replicates cannot be paired: each mean has the "
        "corrected variance (1/J + n_test/n_train) s^2, s^2 pooled over the models, and the two "
        "variances add"
    ),
    Code.FALSE_ALARMS: _false_alarms,
    Code.FALSE_ALARMS_UNKNOWN: (
        "takes replicates for independent, which they are not; how often it calls a difference "
        "where there is none was simulated for 0.05 alone"
    ),
    Code.ZERO_SOUGHT: "no number of replicates or patients finds a difference of 0",
    Code.POWER_OUT_OF_REACH: (
        "no number of replicates reaches a power of {target:g}: they reuse the same patients, and "
        "the power stays below {ceiling:.2f}"
    ),
    Code.NEEDS_ARE_ROUGH: (
        "what is needed to find the difference in four studies of five is rough, for it rises with "
        "SD², which is that of {n} replicates; it is rounded up to two digits"
    ),
    Code.TOO_MANY_REPLICATES: "more than {most:,} replicates would be needed",
    Code.TOO_MANY_PATIENTS: "more than {most:,} patients would be needed",
    Code.NO_COMPLETE_REPLICATE: "no replicate is fully defined",
    Code.RANKS_NEED_SHARED_SPLITS: "ranks need shared splits",
    Code.NEEDS_BOTH_CLASSES: "needs both classes",
    Code.THRESHOLD_CHOSEN_HERE: (
        "each replicate's threshold is chosen on the patients it is measured on, which flatters it"
    ),
    Code.NEVER_CALLED: "no replicate calls any so (0/0)",
    Code.SELDOM_CALLED: (
        "a predictive value has no interval where most replicates call none so: too few are left "
        "to tell how much it varies"
    ),
    Code.SELDOM_FOUND: (
        "a predictive value has no interval where most replicates call all of the other class "
        "so: that they agree does not make it sure"
    ),
    Code.NO_INTERVAL_AT_THE_END: "a share of 0 or 1 has no interval",
    Code.PROBABILITIES_EQUAL: "all probabilities are equal",
    Code.CLASSES_SEPARATED: (
        "the probabilities part the classes without error, so that no slope fits best"
    ),
    Code.FEW_PATIENTS: "fewer than {needed} patients",
    Code.NEEDS_AUC_ABOVE_CHANCE: "needs an AUC above .5 and below 1",
    Code.NEEDS_SPLITS_AND_SEEDS: "needs two splits and two seeds, has {n_a} and {n_b}",
    Code.SEEDS_CHANGE_NOTHING: (
        "no seed changes any value: this training makes no random choices that show, so that only "
        "the split has a part"
    ),
    Code.SPLIT_PART_BELOW_ZERO: "the part of the split was estimated below 0 and is set to 0",
    Code.SEED_PART_BELOW_ZERO: "the part of the seed was estimated below 0 and is set to 0",
    Code.TOO_FEW_TO_LEARN: (
        "{n} of {of} replicates are left out: a class has too few patients for the inner folds"
    ),
}
