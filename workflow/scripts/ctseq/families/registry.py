"""The families: ways of learning from features. A new one is a module and a line here.

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
    needs
        What a dataset must have for it beyond labels of scans: keys of `needs.NEEDS`.
    """

    module: str
    words: str
    takes: tuple[str, ...] = tuple(SIGHTS)
    together: bool = False
    epochs: bool = False
    solves: bool = False
    hidden: bool = False
    always_tunes: bool = False
    finetunes: bool = False
    losses: tuple[str, ...] = ("cross_entropy", "weighted", "focal")
    pools: tuple[str, ...] = ()
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
    "lstm": Family(words="LSTM that reads the slices in order", **_SEQUENCE),
    "gru": Family(words="GRU that reads the slices in order", **_SEQUENCE),
    "logistic": Family(
        words="logistic regression",
        **_CLASSICAL | {"module": "ctseq.families.trained.linear", "solves": True},
    ),
    "svm": Family(words="support vector machine", **_CLASSICAL),
    "forest": Family(words="random forest", **_CLASSICAL),
    "neighbours": Family(words="nearest neighbours", **_CLASSICAL | _UNWEIGHED),
    "mlp": Family(words="multilayer perceptron", **_CLASSICAL | _UNWEIGHED),
}
