import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs epoque[sklearn]")

from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from epoque.bench.errors import ConfigError, DivergenceError
from epoque.bench.events import Checkpoint
from epoque.neuron.config import NeuronConfig
from epoque.neuron.data import load
from epoque.neuron.estimators import MLPClassifier, PerceptronClassifier
from epoque.neuron.mlp.network import outputs, params_from_arrays
from epoque.neuron.train import train_on

AND = load(NeuronConfig(truth_table="and"))
XOR = load(NeuronConfig(truth_table="xor"))


@parametrize_with_checks([PerceptronClassifier(), MLPClassifier()])
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)


def last_arrays(events):
    return [e for e in events if isinstance(e, Checkpoint)][-1].arrays


def test_the_perceptron_is_the_labs():
    config = NeuronConfig(truth_table="and", seed=7, iterations=200, rule="squared_error")
    w = last_arrays(train_on(config, AND))["w"]
    neuron = PerceptronClassifier(rule="squared_error", iterations=200, random_state=7)
    neuron.fit(AND.x, AND.d)
    np.testing.assert_allclose(neuron.coef_, [w[1:]], rtol=1e-9)
    np.testing.assert_allclose(neuron.intercept_, [-w[0]], rtol=1e-9)
    assert len(neuron.error_curve_) == neuron.n_iter_ == 200


def test_the_mlp_is_the_labs():
    config = NeuronConfig(
        model="mlp", data="gaussian", samples=20, noise=0.3, hidden_layers=(3,), seed=7,
        iterations=30, batch_size=4, optimizer="momentum", learning_rate=0.1, init="he_normal",
    )  # fmt: skip
    data = load(config)
    arrays = last_arrays(train_on(config, data))
    network = MLPClassifier(
        hidden_layers=(3,), iterations=30, batch_size=4, optimizer="momentum",
        learning_rate=0.1, init="he_normal", random_state=7,
    )  # fmt: skip
    network.fit(data.x, data.d)
    for layer, (w, b) in enumerate(zip(network.coefs_, network.intercepts_, strict=True), 1):
        np.testing.assert_array_equal(w, arrays[f"w{layer}"])
        np.testing.assert_array_equal(b, arrays[f"b{layer}"])
    o = outputs(params_from_arrays(arrays, 2), data.x_test, "tanh")
    np.testing.assert_allclose(network.predict_proba(data.x_test)[:, 1], o)
    assert len(network.loss_curve_) == 30


def test_one_neuron_learns_and_but_not_xor_and_the_network_does():
    words = np.array(["no", "yes"])
    neuron = PerceptronClassifier(iterations=1000, random_state=0)
    assert neuron.fit(AND.x, words[AND.d.astype(int)]).predict(AND.x).tolist() == [
        "no", "no", "no", "yes",
    ]  # fmt: skip
    assert neuron.fit(XOR.x, XOR.d).score(XOR.x, XOR.d) < 1
    assert MLPClassifier(random_state=0).fit(XOR.x, XOR.d).score(XOR.x, XOR.d) == 1


def test_step_rule_separates_what_can_be_separated():
    x, d = load_iris(return_X_y=True)
    x, d = x[:100], d[:100]
    assert PerceptronClassifier(rule="step", random_state=0).fit(x, d).score(x, d) == 1


def test_three_classes_one_against_the_rest():
    x, d = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match="OneVsRestClassifier"):
        MLPClassifier().fit(x, d)
    network = OneVsRestClassifier(MLPClassifier(iterations=100, random_state=0))
    assert cross_val_score(make_pipeline(StandardScaler(), network), x, d, cv=3).mean() > 0.9


def test_parameters_can_be_searched():
    search = GridSearchCV(
        MLPClassifier(random_state=0, iterations=200),
        {"hidden_layers": [(1,), (8,)]},
        cv=2,
        refit=False,
    )
    search.fit(np.tile(XOR.x, (4, 1)), np.tile(XOR.d, 4))
    assert search.best_params_ == {"hidden_layers": (8,)}


def test_parameters_out_of_bounds_are_named():
    with pytest.raises(ConfigError, match="learning_rate: -1 is not allowed"):
        PerceptronClassifier(learning_rate=-1).fit(AND.x, AND.d)
    with pytest.raises(ConfigError, match=r"activation: .*Did you mean tanh"):
        MLPClassifier(activation="tanhh").fit(AND.x, AND.d)
    with pytest.raises(ConfigError, match="seed"):
        MLPClassifier(random_state=-3).fit(AND.x, AND.d)


def test_divergence_is_told():
    network = MLPClassifier(activation="linear", optimizer="sgd", learning_rate=1000, l2=100)
    with pytest.raises(DivergenceError, match="iteration"):
        network.fit(AND.x, AND.d)


def test_one_class_is_refused():
    with pytest.raises(ValueError, match="one class"):
        PerceptronClassifier().fit(AND.x, np.zeros(4))


def test_without_scikit_learn_one_sentence():
    code = "import sys; sys.modules['sklearn'] = None\nimport epoque.neuron.estimators"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    last = done.stderr.strip().splitlines()[-1]
    assert "MissingExtraError" in last
    assert "pip install 'epoque[sklearn]'" in last
