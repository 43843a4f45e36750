"""The families: ways of learning from features or from scores. A new one is a module and a line.

This table imports no family, so that the configuration is checked and documented at no cost.
"""

from dataclasses import dataclass

from ctseq.encoders.registry import SIGHTS

# Keys of `training` that may list several values, among which inner folds choose.
LISTED = ("learning_rate", "weight_decay", "dropout", "size")


@dataclass(frozen=True)
class Family:
    """A way of learning.

    Attributes
    ----------
    module
        The module that has its ``fit`` and ``predict``: see `ctseq.families.contract`.
    words
        What it is, for tables and pages: "logistic regression".
    takes
        What its encoders may see: keys of `ctseq.encoders.registry.SIGHTS`.
    together
        Whether it reads all slices of a scan together; if not, it learns from each row by itself.
    in_context
        Whether it can learn the labels of slices, too, each seen among all of its scan: `labels`.
    epochs
        Whether it is trained in epochs, and so has a learning rate and a history.
    solves
        Whether it is linear, and so can be solved to convergence: `training.solver`. What is not
        trained in epochs always is.
    hidden
        Whether it has a hidden layer or state: `training.size`, `training.dropout`.
    always_tunes
        Whether it chooses its hyperparameters on inner folds of the training patients, whatever
        `tuning.patients` says.
    losses
        Keys of `training.loss` that it can learn by.
    finetunes
        Whether the encoder can be trained with it, from pixels: `training.trainable`.
    pools
        Values of `pool` that it may have: ways in which the slices of a scan become one row.
    combines
        Whether it learns from other models' scores, and so has `members` and no encoder of its own.
    needs_held_out
        Whether it learns from scores of training patients, whom members held out.
    needs
        What a dataset must have for it beyond labels of scans: keys of `needs.NEEDS`.
    """

    module: str
    words: str
    takes: tuple[str, ...] = tuple(SIGHTS)
    together: bool = False
    in_context: bool = False
    epochs: bool = False
    solves: bool = False
    hidden: bool = False
    always_tunes: bool = False
    finetunes: bool = False
    losses: tuple[str, ...] = ("cross_entropy", "weighted", "focal")
    pools: tuple[str, ...] = ()
    combines: bool = False
    needs_held_out: bool = False
    needs: tuple[str, ...] = ()


# Keys of `pooling.POOLS`.
_POOLS = ("max", "mean", "max+mean", "max+sd", "top")
_CLASSICAL = {
    "module": "ctseq.families.classical",
    "always_tunes": True,
    "losses": ("cross_entropy", "weighted"),
    "pools": _POOLS,
}
# scikit-learn's classifiers that know no weights of classes.
_UNWEIGHED = {"losses": ("cross_entropy",)}
# What an encoder may see whose rows are slices.
OF_SLICES = tuple(sees for sees, sight in SIGHTS.items() if sight.row == "slice")
_TOGETHER = {"takes": OF_SLICES, "together": True, "epochs": True}
_SEQUENCE = _TOGETHER | {"module": "ctseq.families.trained.sequence_heads", "hidden": True}
_ENSEMBLE = {"module": "ctseq.families.ensembles.combined", "takes": (), "combines": True}
# A linear layer reads pooled slices as it does any other row.
_POOLED = _TOGETHER | {"module": "ctseq.families.trained.linear", "solves": True}
FAMILIES: dict[str, Family] = {
    "linear": Family(
        "ctseq.families.trained.linear",
        "final linear layer",
        epochs=True,
        solves=True,
        finetunes=True,
        pools=_POOLS,
    ),
    "mean": Family(words="linear layer on the mean of the slices", **_POOLED),
    "max": Family(words="linear layer on the maximum of the slices", **_POOLED),
    "attention": Family(words="gated attention over the slices", **_SEQUENCE),
    "smooth": Family(
        words="gated attention over the slices, smooth from slice to slice",
        **_SEQUENCE | {"module": "ctseq.families.trained.smooth"},
    ),
    "lstm": Family(words="LSTM that reads the slices in order", in_context=True, **_SEQUENCE),
    "gru": Family(words="GRU that reads the slices in order", in_context=True, **_SEQUENCE),
    "transformer": Family(
        words="transformer over the slices and their places",
        in_context=True,
        **_SEQUENCE | {"module": "ctseq.families.trained.transformer"},
    ),
    "transmil": Family(
        words="TransMIL over the slices in order",
        **_SEQUENCE | {"module": "ctseq.families.trained.transmil"},
    ),
    "logistic": Family(
        words="logistic regression",
        **_CLASSICAL | {"module": "ctseq.families.trained.linear", "solves": True},
    ),
    "svm": Family(words="support vector machine", **_CLASSICAL),
    "forest": Family(words="random forest", **_CLASSICAL),
    "neighbours": Family(words="nearest neighbours", **_CLASSICAL | _UNWEIGHED),
    "mlp": Family(words="multilayer perceptron", **_CLASSICAL | _UNWEIGHED),
    "bayes": Family(words="naive Bayes", **_CLASSICAL),
    "boosting": Family(words="gradient-boosted trees", **_CLASSICAL | _UNWEIGHED),
    "average": Family(words="mean of its members' probabilities", **_ENSEMBLE),
    "stacking": Family(
        words="logistic regression on its members' logits",
        always_tunes=True,
        needs_held_out=True,
        **_ENSEMBLE,
    ),
}
