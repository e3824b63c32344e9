"""The perceptron and the multi-layer perceptron as scikit-learn classifiers.

They run the lab's own training: with `random_state` an int and the same settings, the weights are
those of the run with that `seed`. Both tell two classes apart; for more, wrap one in
`sklearn.multiclass.OneVsRestClassifier`. They need the extra `epoque[sklearn]`.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from epoque.bench.errors import MissingExtraError
from epoque.bench.events import Checkpoint, Event, Metrics

from .config import NeuronConfig
from .data import Dataset
from .mlp import network
from .train import train_on

try:
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.utils.multiclass import check_classification_targets, type_of_target
    from sklearn.utils.validation import check_is_fitted, check_random_state, validate_data
except ModuleNotFoundError:
    raise MissingExtraError("epoque.neuron.estimators", "sklearn") from None

__all__ = ["MLPClassifier", "PerceptronClassifier"]

Floats = NDArray[np.float64]


class _NeuronClassifier(ClassifierMixin, BaseEstimator, ABC):  # type: ignore[misc]
    """What both share: checking the data, training, and answers from the output's sum z."""

    _model: ClassVar[str]
    random_state: Any

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Learn to tell two classes apart.

        Args:
            X: inputs [N, F].
            y: labels [N] of two classes; the greater one in sorting order is desired output 1.

        Raises:
            ConfigError: if a parameter is out of its bounds; it is a ValueError.
            DivergenceError: if a weight becomes infinite or NaN.
            ValueError: if X or y cannot be learned from.
        """
        points, labels = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(labels)
        self.classes_, d = np.unique(labels, return_inverse=True)
        if len(self.classes_) > 2:
            kind = type_of_target(labels, input_name="y")
            raise ValueError(
                f"Only binary classification is supported. The type of the target is {kind}; "
                "sklearn.multiclass.OneVsRestClassifier makes a multiclass one of it."
            )
        if len(self.classes_) < 2:
            raise ValueError(f"y has one class, {self.classes_[0]!r}; two are needed.")
        self._learn(self._config(), _make_dataset(points, d))
        return self

    def _config(self) -> NeuronConfig:
        """Return the parameters as the lab's config, whose bounds they are checked against."""
        settings = self.get_params() | {"seed": _seed(self.random_state), "model": self._model}
        settings.pop("random_state")
        return NeuronConfig.parse(settings | {"data": "csv", "csv": "(arrays)"})

    @abstractmethod
    def _learn(self, config: NeuronConfig, dataset: Dataset) -> None:
        """Train, and keep what was learned."""

    @abstractmethod
    def _sums(self, X: Floats) -> Floats:
        """Return the output neuron's sum z [N] for checked inputs [N, F]."""

    def decision_function(self, X: ArrayLike) -> Floats:
        """Return the output neuron's sum z [N]; above 0 it answers `classes_[1]`."""
        check_is_fitted(self)
        return self._sums(validate_data(self, X, dtype=np.float64, reset=False))

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Return the shares [N, 2] that the output neuron gives to the two classes."""
        o = network.sigmoid(self.decision_function(X))
        return np.stack([1.0 - o, o], axis=1)

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the likelier class of each input [N, F] → [N]."""
        upper = self.decision_function(X) > 0
        answers: NDArray[Any] = self.classes_[upper.astype(int)]
        return answers


class PerceptronClassifier(_NeuronClassifier):
    """One neuron, by the lab's learning rules.

    The parameters are the settings of `epoque.neuron.config.NeuronConfig` of the same names. The
    rule adds up inputs as they come: scale them first (`StandardScaler` does what a run's
    `scale standard` does).

    Attributes:
        classes_: the two labels.
        coef_: the weights of the inputs [1, F].
        intercept_: minus the weight of the constant input −1, [1].
        error_curve_: the mean of |d − o| over each pass.
        n_iter_: iterations done.
    """

    _model: ClassVar[str] = "perceptron"

    def __init__(
        self,
        *,
        rule: str = "delta",
        update: str = "online",
        learning_rate: float = 0.7,
        iterations: int = 100,
        init: str = "uniform",
        init_low: float = -2.0,
        init_high: float = 0.0,
        init_scale: float = 1.0,
        random_state: Any = None,
    ) -> None:
        self.rule = rule
        self.update = update
        self.learning_rate = learning_rate
        self.iterations = iterations
        self.init = init
        self.init_low = init_low
        self.init_high = init_high
        self.init_scale = init_scale
        self.random_state = random_state

    def _learn(self, config: NeuronConfig, dataset: Dataset) -> None:
        arrays, self.error_curve_ = _run_to_end(train_on(config, dataset), "error_mean")
        self.coef_, self.intercept_ = arrays["w"][None, 1:], -arrays["w"][:1]
        self.n_iter_ = config.iterations

    def _sums(self, X: Floats) -> Floats:
        sums: Floats = X @ self.coef_[0] + self.intercept_[0]
        return sums


class MLPClassifier(_NeuronClassifier):
    """A multi-layer perceptron: hidden layers, and one sigmoid neuron that answers.

    The parameters are the settings of `epoque.neuron.config.NeuronConfig` of the same names; one
    that would be ignored, such as a `momentum` with Adam, is refused there and here.

    Attributes:
        classes_: the two labels.
        coefs_: each layer's weights, [F, H1], [H1, H2], … [H, 1].
        intercepts_: each layer's biases, [H1], … [1].
        loss_curve_: the loss after each iteration.
        n_iter_: iterations done.
    """

    _model: ClassVar[str] = "mlp"

    def __init__(
        self,
        *,
        hidden_layers: tuple[int, ...] = (16,),
        activation: str = "tanh",
        loss: str = "cross_entropy",
        optimizer: str = "adam",
        learning_rate: float = 0.02,
        momentum: float = 0.9,
        l1: float = 0.0,
        l2: float = 0.0,
        batch_size: int | None = None,
        iterations: int = 300,
        init: str = "glorot_uniform",
        init_low: float = -2.0,
        init_high: float = 0.0,
        init_scale: float = 1.0,
        random_state: Any = None,
    ) -> None:
        self.hidden_layers = hidden_layers
        self.activation = activation
        self.loss = loss
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.l1 = l1
        self.l2 = l2
        self.batch_size = batch_size
        self.iterations = iterations
        self.init = init
        self.init_low = init_low
        self.init_high = init_high
        self.init_scale = init_scale
        self.random_state = random_state

    def _learn(self, config: NeuronConfig, dataset: Dataset) -> None:
        arrays, self.loss_curve_ = _run_to_end(train_on(config, dataset), "loss")
        params = network.params_from_arrays(arrays, len(config.hidden_layers) + 1)
        self.coefs_ = [layer["w"] for layer in params]
        self.intercepts_ = [layer["b"] for layer in params]
        self.n_iter_ = config.iterations

    def _sums(self, X: Floats) -> Floats:
        layers = zip(self.coefs_, self.intercepts_, strict=True)
        return network.logits([{"w": w, "b": b} for w, b in layers], X, self.activation)


def _seed(random_state: Any) -> int:
    """Return the run's seed: an int itself, else a number drawn the scikit-learn way."""
    if isinstance(random_state, int | np.integer):
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31))


def _make_dataset(X: Floats, d: NDArray[Any]) -> Dataset:
    inputs = X.shape[1]
    names = tuple(f"x{i}" for i in range(1, inputs + 1))
    return Dataset(X, d.astype(np.float64), np.empty((0, inputs)), np.empty(0), names)


def _run_to_end(events: Iterable[Event], curve: str) -> tuple[dict[str, Floats], list[float]]:
    """Pull a training to its end; return the last checkpoint's arrays and one metric's curve."""
    values: list[float] = []
    arrays: dict[str, Floats] = {}
    for event in events:
        if isinstance(event, Metrics):
            values.append(event.values[curve])
        elif isinstance(event, Checkpoint):
            arrays = dict(event.arrays)
    return arrays, values
