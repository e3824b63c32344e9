"""The strongest baseline of a sweep: NumPy vectorised over the runs, as a skilled user writes it.

10,000 neurons learn AND side by side, 100 learning rates by 100 seeds; the error of every iteration
of every run is kept, as the plain script keeps it, and a table of the results is written.
`python benchmarks/script_perceptrons.py TABLE.csv`
"""

import sys

import numpy as np

RATES, SEEDS, ITERATIONS = np.geomspace(0.01, 10, 100), 100, 1000
INPUTS = ((0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0))
DESIRED = (0.0, 0.0, 0.0, 1.0)


def train() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return each run's rate and seed [R], its errors [T, R] and its final weights [3, R]."""
    rate, seed = np.repeat(RATES, SEEDS), np.tile(np.arange(SEEDS), len(RATES))
    first = np.stack([np.random.default_rng(s).uniform(-2.0, 0.0, 3) for s in range(SEEDS)])
    w0, w1, w2 = (column.copy() for column in first[seed].T)
    errors = np.empty((ITERATIONS, len(rate)))
    for iteration in range(ITERATIONS):
        for (x1, x2), wanted in zip(INPUTS, DESIRED, strict=True):
            y = -w0
            if x1:
                y += w1
            if x2:
                y += w2
            error = wanted - 1.0 / (1.0 + np.exp(-y))
            step = rate * error
            w0 -= step
            if x1:
                w1 += step
            if x2:
                w2 += step
        np.abs(error, out=errors[iteration])
    return rate, seed, errors, np.stack([w0, w1, w2])


def main(table: str) -> None:
    """Train, and write one row a run."""
    rate, seed, errors, w = train()
    columns = (rate, seed, errors[-1], errors.max(axis=0), errors.mean(axis=0), *w)
    header = "learning_rate,seed,final_error,peak_error,mean_error,w0,w1,w2"
    np.savetxt(table, np.column_stack(columns), delimiter=",", header=header, comments="")


if __name__ == "__main__":
    main(sys.argv[1])
