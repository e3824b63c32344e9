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
    values = dict(zip(closed.jaxpr.constvars, map(_plain, closed.consts), strict=True))
    values |= zip(closed.jaxpr.invars, inputs, strict=True)

    def read(atom: Any) -> NDArray[Any]:
        return np.asarray(atom.val) if hasattr(atom, "val") else values[atom]

    for equation in closed.jaxpr.eqns:
        results = _apply(equation, [read(atom) for atom in equation.invars])
        for variable, result in zip(equation.outvars, results, strict=True):
            dtype = variable.aval.dtype
            known = not jnp.issubdtype(dtype, jax.dtypes.extended)
            values[variable] = np.asarray(result, dtype) if known else result
    return [read(atom) for atom in closed.jaxpr.outvars]


def _plain(value: Any) -> NDArray[Any]:
    if isinstance(value, Array) and jnp.issubdtype(value.dtype, jax.dtypes.prng_key):
        return np.asarray(jax.random.key_data(value))
    return np.asarray(value)


def _apply(equation: Any, inputs: Values) -> Sequence[Any]:
    name, params = equation.primitive.name, equation.params
    if name in _SIMPLE:
        return [_SIMPLE[name](*inputs)]
    if name in _WITH_PARAMS:
        return _WITH_PARAMS[name](inputs, params)
    for inner in ("jaxpr", "call_jaxpr"):
        if inner in params:
            return compute(_close(params[inner]), inputs)
    result = equation.primitive.bind(*map(jnp.asarray, inputs), **params)
    return [np.asarray(leaf) for leaf in jax.tree.leaves(result)]


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
