"""A program that JAX traced, computed by NumPy: hundreds of different programs, none compiled.

What XLA would take a second to compile takes milliseconds here. Random numbers come of
`epoque.gan2d.training.rng`, whose numbers are JAX's bit for bit; a primitive that is not in the
table is JAX's own, one operation at a time.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from epoque.gan2d.training.rng import split_words, threefry

__all__ = ["compute", "flatten_program"]

Values = list[NDArray[Any]]


def flatten_program(function: Callable[..., Any], *arguments: Any) -> Callable[..., Any]:
    """Return a function of the same arguments that NumPy computes; traced with these ones."""
    closed, shape = jax.make_jaxpr(function, return_shape=True)(*arguments)
    structure = jax.tree.structure(shape)

    def run(*inputs: Any) -> Any:
        leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(inputs)]
        with np.errstate(all="ignore"):
            return jax.tree.unflatten(structure, compute(closed, leaves))

    return run


def compute(closed: Any, inputs: Sequence[NDArray[Any]]) -> Values:
    """Return the results of a closed jaxpr."""
    known = _PROGRAMS.get(id(closed.jaxpr))
    if known is None:
        known = _PROGRAMS[id(closed.jaxpr)] = closed.jaxpr, _Program(closed.jaxpr)
    return known[1].run([_plain(value) for value in closed.consts], inputs)


_PROGRAMS: dict[int, tuple[Any, "_Program"]] = {}
"""The jaxprs of this process, held with their numbers, and what runs them."""


class _Program:
    """The operations of a jaxpr in order, with the places of what they take and give.

    A loop's body is run thousands of times: all that its equations say is looked up once.
    """

    def __init__(self, jaxpr: Any) -> None:
        self._places: dict[Any, int] = {}
        self._first: Values = []  # what each place holds before the run: literals
        self._inputs = [self._place(variable) for variable in (*jaxpr.constvars, *jaxpr.invars)]
        self._steps = [
            (
                _operation(equation),
                [self._place(atom) for atom in equation.invars],
                [(self._place(v), _plain_dtype(v.aval.dtype)) for v in equation.outvars],
            )
            for equation in jaxpr.eqns
        ]
        self._outputs = [self._place(atom) for atom in jaxpr.outvars]

    def _place(self, atom: Any) -> int:
        if hasattr(atom, "val"):
            self._first.append(np.asarray(atom.val))
            return len(self._first) - 1
        if atom not in self._places:
            self._first.append(np.zeros(0))
            self._places[atom] = len(self._first) - 1
        return self._places[atom]

    def run(self, constants: Values, inputs: Sequence[NDArray[Any]]) -> Values:
        values = list(self._first)
        for place, value in zip(self._inputs, [*constants, *inputs], strict=True):
            values[place] = value
        for operation, takes, gives in self._steps:
            results = operation([values[place] for place in takes])
            for (place, dtype), result in zip(gives, results, strict=True):
                plain = dtype is None or (type(result) is np.ndarray and result.dtype == dtype)
                values[place] = result if plain else np.asarray(result, dtype)
        return [values[place] for place in self._outputs]


def _plain_dtype(dtype: Any) -> Any:
    return None if jnp.issubdtype(dtype, jax.dtypes.extended) else np.dtype(dtype)


def _plain(value: Any) -> NDArray[Any]:
    if isinstance(value, Array) and jnp.issubdtype(value.dtype, jax.dtypes.prng_key):
        return np.asarray(jax.random.key_data(value))
    return np.asarray(value)


def _operation(equation: Any) -> Callable[[Values], Sequence[Any]]:
    """Return what computes an equation's results of its inputs."""
    primitive, params = equation.primitive, equation.params
    if simple := _SIMPLE.get(primitive.name):
        return lambda inputs: (simple(*inputs),)
    if with_params := _WITH_PARAMS.get(primitive.name):
        return lambda inputs: with_params(inputs, params)
    for inner in ("jaxpr", "call_jaxpr"):
        if inner in params:
            closed = _close(params[inner])
            return lambda inputs: compute(closed, inputs)
    return lambda inputs: [
        np.asarray(leaf)
        for leaf in jax.tree.leaves(primitive.bind(*map(jnp.asarray, inputs), **params))
    ]


def _close(jaxpr: Any) -> Any:
    return jaxpr if hasattr(jaxpr, "consts") else jax.extend.core.ClosedJaxpr(jaxpr, ())


_SIMPLE: Mapping[str, Callable[..., Any]] = {
    "add": np.add,
    "add_any": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "neg": np.negative,
    "max": np.maximum,
    "min": np.minimum,
    "exp": np.exp,
    "log": np.log,
    "log1p": np.log1p,
    "expm1": np.expm1,
    "tanh": np.tanh,
    "logistic": lambda x: np.where(x < 0, np.exp(x), 1) / (1 + np.exp(-np.abs(x))),
    "sin": np.sin,
    "cos": np.cos,
    "sqrt": np.sqrt,
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "square": np.square,
    "pow": np.power,
    "abs": np.abs,
    "sign": np.sign,
    "floor": np.floor,
    "gt": np.greater,
    "lt": np.less,
    "ge": np.greater_equal,
    "le": np.less_equal,
    "eq": np.equal,
    "ne": np.not_equal,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
    "not": np.invert,
    "rem": np.fmod,
    "shift_left": np.left_shift,
    "shift_right_logical": np.right_shift,
    "is_finite": np.isfinite,
    "select_n": lambda which, no, yes: np.where(which, yes, no),
    "clamp": lambda low, x, high: np.clip(x, low, high),
    "stop_gradient": lambda x: x,
    "copy": lambda x: x,
    "optimization_barrier": lambda x: x,
    "random_unwrap": lambda x: x,
}


def _dot(inputs: Values, params: Mapping[str, Any]) -> Values:
    (left, right), batch = params["dimension_numbers"]
    assert batch == ((), ()), "the networks multiply matrices only"
    return [np.tensordot(inputs[0], inputs[1], (left, right))]


def _broadcast(inputs: Values, params: Mapping[str, Any]) -> Values:
    shape, places = params["shape"], params["broadcast_dimensions"]
    sizes = [1] * len(shape)
    for place, size in zip(places, inputs[0].shape, strict=True):
        sizes[place] = size
    return [np.broadcast_to(inputs[0].reshape(sizes), shape)]


def _slice(inputs: Values, params: Mapping[str, Any]) -> Values:
    strides = params["strides"] or [1] * inputs[0].ndim
    spans = zip(params["start_indices"], params["limit_indices"], strides, strict=True)
    return [inputs[0][tuple(slice(*span) for span in spans)]]


def _iota(inputs: Values, params: Mapping[str, Any]) -> Values:
    shape, dimension = params["shape"], params["dimension"]
    sizes = [-1 if i == dimension else 1 for i in range(len(shape))]
    numbers = np.arange(shape[dimension]).reshape(sizes)
    return [np.broadcast_to(numbers, shape).astype(params["dtype"])]


def _while(inputs: Values, params: Mapping[str, Any]) -> Values:
    of_test, of_body = params["cond_nconsts"], params["body_nconsts"]
    test, body = inputs[:of_test], inputs[of_test : of_test + of_body]
    carry = inputs[of_test + of_body :]
    while compute(params["cond_jaxpr"], [*test, *carry])[0]:
        carry = compute(params["body_jaxpr"], [*body, *carry])
    return carry


def _cond(inputs: Values, params: Mapping[str, Any]) -> Values:
    return compute(params["branches"][int(inputs[0])], inputs[1:])


def _scan(inputs: Values, params: Mapping[str, Any]) -> Values:
    assert not params["reverse"], "loops run forwards"
    constants, carry = params["num_consts"], params["num_carry"]
    fixed = inputs[:constants]
    moving, rows = inputs[constants : constants + carry], inputs[constants + carry :]
    outputs: list[Values] = []
    for i in range(params["length"]):
        results = compute(params["jaxpr"], [*fixed, *moving, *(row[i] for row in rows)])
        moving = results[:carry]
        outputs.append(results[carry:])
    return [*moving, *map(np.stack, zip(*outputs, strict=True))]


def _random_bits(inputs: Values, params: Mapping[str, Any]) -> Values:
    shape = params["shape"]
    low = np.arange(np.prod(shape, dtype=int), dtype=np.uint32).reshape(shape)
    key = inputs[0]
    first, second = threefry((key[0], key[1]), np.zeros_like(low), low)
    return [first ^ second]


def _erf_inv(inputs: Values, params: Mapping[str, Any]) -> Values:
    return [np.asarray(jax.lax.erf_inv(inputs[0]))]


_WITH_PARAMS: Mapping[str, Callable[[Values, Mapping[str, Any]], Sequence[Any]]] = {
    "dot_general": _dot,
    "broadcast_in_dim": _broadcast,
    "slice": _slice,
    "iota": _iota,
    "while": _while,
    "cond": _cond,
    "scan": _scan,
    "erf_inv": _erf_inv,
    "random_wrap": lambda inputs, params: inputs,
    "random_bits": _random_bits,
    "random_split": lambda inputs, params: [split_words(inputs[0], params["shape"][0])],
    "integer_pow": lambda inputs, params: [inputs[0] ** params["y"]],
    "reshape": lambda inputs, params: [inputs[0].reshape(params["new_sizes"])],
    "squeeze": lambda inputs, params: [np.squeeze(inputs[0], params["dimensions"])],
    "expand_dims": lambda inputs, params: [np.expand_dims(inputs[0], params["dimensions"])],
    "transpose": lambda inputs, params: [inputs[0].transpose(params["permutation"])],
    "concatenate": lambda inputs, params: [np.concatenate(inputs, params["dimension"])],
    "reduce_sum": lambda inputs, params: [inputs[0].sum(tuple(params["axes"]))],
    "reduce_max": lambda inputs, params: [inputs[0].max(tuple(params["axes"]))],
    "reduce_and": lambda inputs, params: [inputs[0].all(tuple(params["axes"]))],
    "convert_element_type": lambda inputs, params: [inputs[0].astype(params["new_dtype"])],
    "bitcast_convert_type": lambda inputs, params: [inputs[0].view(params["new_dtype"])],
}
