import builtins
import logging
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from epoque.bench.errors import EpoqueError, MissingExtraError, UnknownNameError, UsageError
from epoque.bench.lab import find_lab
from epoque.bench.sweeps.grid import parse_axes
from epoque.bench.sweeps.run_search import resume_search, run_search
from epoque.bench.sweeps.search import Search, Searches

optuna = pytest.importorskip("optuna", reason="Optuna, the extra `search`, is not installed")

Searched = Callable[..., Search]
AXES = ("learning_rate=0.001:3:log:2", "shape=round,steep", "seed=0:5")


@pytest.fixture
def searched(tmp_path: Path) -> Searched:
    """Search the bowl: axes as typed, arguments of `run_search`, base settings in `base`."""

    def make(
        *axes: str,
        root: Path = tmp_path / "runs",
        base: dict[str, Any] | None = None,
        **options: Any,
    ) -> Search:
        lab = find_lab("bowl")
        config = lab.config_class.parse(base or {})
        parsed = parse_axes(config, axes or AXES)
        options = {"trials": 12, "figures": False, **options}
        return run_search(lab, "bowl/test", config, parsed, root, **options)

    return make


def table_bytes(search: Search) -> bytes:
    return (search.path / "table.parquet").read_bytes()


def test_a_search_tries_settings_within_the_axes(searched: Searched) -> None:
    search = searched(
        "learning_rate=0.01:1:log:2", "low=-2:-1:lin:2", "iterations=10:20:5", "shape=round,steep",
        "limit=none,3", "checkpoint_every=1:9:log:2", trials=30, sampler="random",
    )  # fmt: skip
    table = search.table
    assert list(table["trial"]) == list(range(30))
    assert set(table["seed"]) == {0}
    rates = table["learning_rate"]
    assert rates.between(0.01, 1).all()
    assert 8 < (rates < 0.1).sum() < 22  # even on the log scale
    assert table["low"].between(-2, -1).all()
    assert set(table["iterations"]) == {10, 15}
    assert set(table["shape"]) == {"round", "steep"}
    assert set(table["limit"]) == {"none", "3"}
    assert set(table["checkpoint_every"]) > {1, 2}


def test_each_trial_is_the_median_over_the_seeds(searched: Searched) -> None:
    search = searched()
    assert len(search.table) == 12 * 5
    ranking = search.rank_trials().set_index("trial")
    for trial, runs in search.table.groupby("trial"):
        assert sorted(runs["seed"]) == list(range(5))
        assert runs["learning_rate"].nunique() == runs["shape"].nunique() == 1
        expected = np.median(runs["final_error"].fillna(np.inf))
        assert ranking.loc[trial, "final_error_median"] == expected
        assert ranking.loc[trial, "learning_rate"] == runs["learning_rate"].iloc[0]


def test_the_best_trial_is_the_one_with_the_least_median(searched: Searched) -> None:
    search = Search.open(searched().path)
    ranking = search.rank_trials()
    medians = list(ranking["final_error_median"])
    assert medians == sorted(medians)
    assert search.best_trial["trial"] == ranking["trial"].iloc[0]
    assert search.best_trial["median"] == medians[0]
    assert search.best_config.learning_rate == ranking["learning_rate"].iloc[0]
    assert search.best_config.shape == ranking["shape"].iloc[0]
    assert search.best_config.seed == 0


def test_a_setting_in_a_part_is_searched_by_its_path(searched: Searched) -> None:
    search = searched("wind.gust.strength=-1:1:lin:2", "wind.gust.until=1:9", trials=6)
    row = search.rank_trials().iloc[0]
    gust = search.best_config.wind.gust
    assert (gust.strength, gust.until) == (row["wind.gust.strength"], row["wind.gust.until"])
    assert search.best_trial["config"]["wind"]["gust"]["strength"] == gust.strength


def test_it_may_also_maximize(searched: Searched) -> None:
    search = searched(direction="maximize", sampler="random")
    medians = search.rank_trials()["final_error_median"]
    finite = medians[np.isfinite(medians)]
    assert search.best_trial["median"] == finite.max()
    assert list(finite) == sorted(finite, reverse=True)
    assert search.command.endswith("--direction maximize")


def test_tpe_learns_where_to_look(searched: Searched, tmp_path: Path) -> None:
    """On average over the later trials it does much better than chance, for several seeds."""

    def later(sampler: str) -> float:
        medians = []
        for seed in range(3):
            search = searched(
                "learning_rate=0.00001:10:log:2", "seed=0:3", trials=40, sampler=sampler,
                base={"seed": seed}, root=tmp_path / sampler,
            )  # fmt: skip
            table = search.rank_trials()
            late = table[table["trial"] >= 20]["final_error_median"]
            medians.append(np.median(late))
        return float(np.median(medians))

    assert later("tpe") < later("random") / 10


def test_settings_that_mostly_diverge_are_not_the_best(searched: Searched) -> None:
    search = searched("learning_rate=0.2,50,60", "seed=0:3", trials=15, sampler="random")
    ranking = search.rank_trials()
    assert search.best_config.learning_rate == 0.2
    assert ranking["final_error_median"].iloc[-1] == np.inf


def test_a_search_in_which_nothing_is_reached_has_failed(
    searched: Searched, tmp_path: Path
) -> None:
    with pytest.raises(EpoqueError, match=r"No trial of .* reached a finite final_error"):
        searched("learning_rate=50,60", trials=3)
    (search,) = Searches(tmp_path / "runs")
    assert search.status.state == "failed"


def test_runs_that_all_failed_are_told_with_the_first_reason(searched: Searched) -> None:
    with pytest.raises(EpoqueError, match=r"reached a finite final_error; .* Training diverged"):
        searched("learning_rate=50,60", trials=2, base={"engine": "each"})


def test_the_same_seed_proposes_the_same(searched: Searched, tmp_path: Path) -> None:
    first = searched()
    assert table_bytes(first) == table_bytes(searched(root=tmp_path / "again"))
    other = searched(root=tmp_path / "other", base={"seed": 1})
    assert table_bytes(first) != table_bytes(other)


def test_each_trial_by_runs_proposes_the_same(searched: Searched, tmp_path: Path) -> None:
    axes = ("learning_rate=0.01:0.4:log:2", "seed=0:2")
    together = searched(*axes, trials=7)
    each = searched(*axes, trials=7, base={"engine": "each"}, root=tmp_path / "each")
    assert each.metadata["engine"] == "processes"
    same = ["trial", "learning_rate", "seed"]
    assert together.table[same].equals(each.table[same])
    np.testing.assert_allclose(together.table["final_error"], each.table["final_error"])
    assert len(list(each.runs)) == 14


def test_one_program_serves_all_batches(
    searched: Searched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOWL_CALLS", str(tmp_path / "calls"))
    searched(trials=12)
    assert (tmp_path / "calls").read_text().split() == ["25"] * 3


def test_optunas_own_journal_tells_the_same(searched: Searched) -> None:
    search = searched("learning_rate=0.2,50", "seed=0:3", trials=12)
    backend = optuna.storages.journal.JournalFileBackend(str(search.path / "journal.log"))
    study = optuna.load_study(study_name="search", storage=optuna.storages.JournalStorage(backend))
    ranking = search.rank_trials().set_index("trial")
    assert len(study.trials) == 12
    for trial in study.trials:
        assert trial.params["learning_rate"] == ranking.loc[trial.number, "learning_rate"]
        assert trial.value == ranking.loc[trial.number, "final_error_median"]
    assert np.inf in [trial.value for trial in study.trials]


def test_optuna_is_quiet_and_its_settings_are_left_alone(
    searched: Searched, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    optuna.logging.set_verbosity(optuna.logging.INFO)
    with warnings.catch_warnings(record=True) as caught, caplog.at_level(logging.INFO):
        warnings.simplefilter("always")
        searched(trials=6)
    assert [str(w.message) for w in caught if "optuna" in str(w.filename)] == []
    assert "".join(capfd.readouterr()) == ""
    assert optuna.logging.get_verbosity() == optuna.logging.INFO


def stop_after(count: int) -> Callable[[int, int], None]:
    def progress(done: int, trials: int) -> None:
        if done >= count:
            raise KeyboardInterrupt

    return progress


@pytest.mark.parametrize("engine", ["together", "each"])
@pytest.mark.parametrize("torn", ["", '{"op_code": 4, "worker'])
def test_a_search_that_was_stopped_ends_the_same(
    engine: str, torn: str, searched: Searched, tmp_path: Path
) -> None:
    axes = ("learning_rate=0.01:0.4:log:2", "seed=0:2")
    options: dict[str, Any] = {"trials": 11, "base": {"engine": engine}}
    expected = searched(*axes, root=tmp_path / "whole", **options)
    with pytest.raises(KeyboardInterrupt):
        searched(*axes, progress=stop_after(5), **options)
    (search,) = Searches(tmp_path / "runs")
    assert search.status.state == "interrupted"
    assert len(search.table) == 10
    with (search.path / "journal.log").open("a") as journal:  # killed in the middle of a line
        journal.write(torn)
    done = resume_search(Search(search.path), figures=False)
    assert table_bytes(done) == table_bytes(expected)
    assert done.best_trial == expected.best_trial
    with pytest.raises(UsageError, match="already finished"):
        resume_search(done)


@pytest.mark.parametrize("name", ["table.parquet", "best.json"])
def test_what_was_lost_of_a_search_is_made_again(name: str, searched: Searched) -> None:
    whole = searched("learning_rate=0.01:0.4:log:2", "seed=0:2", trials=6)
    expected = {file: (whole.path / file).read_bytes() for file in ("table.parquet", "best.json")}
    (whole.path / name).write_bytes(b"")
    (damaged,) = Searches(whole.path.parent)
    assert (damaged.is_complete, damaged.status.state) == (False, "finished")
    done = resume_search(damaged, figures=False)
    assert {file: (done.path / file).read_bytes() for file in expected} == expected


def test_parts_of_another_proposal_are_measured_again(
    searched: Searched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when Optuna was updated in between and proposes otherwise."""
    with monkeypatch.context() as patch:
        patch.setattr(
            "epoque.bench.sweeps.optuna_trials.numpy_rng", lambda *_: np.random.default_rng(3)
        )
        with pytest.raises(KeyboardInterrupt):
            searched(progress=stop_after(5))
    (search,) = Searches(tmp_path / "runs")
    done = resume_search(Search(search.path), figures=False)
    assert table_bytes(done) == table_bytes(searched(root=tmp_path / "whole"))


def test_a_search_says_what_it_is(searched: Searched, tmp_path: Path) -> None:
    search = searched(trials=3, sampler="random")
    assert search.command == (
        "epoque search bowl/test learning_rate=0.001:3:log:2 shape=round,steep seed=0:5 "
        "--trials 3 --sampler random --score final_error"
    )
    assert search.path.name.endswith("-bowl-test-search")
    match = Searches(tmp_path / "runs").find("bowl/test", search.axes_text, trials=3)
    assert match is not None
    assert match.path == search.path
    assert Searches(tmp_path / "runs").find("bowl/test", search.axes_text, trials=4) is None


def test_the_figure_is_drawn_and_the_same_every_time(searched: Searched, tmp_path: Path) -> None:
    searches = [searched(trials=8, figures=True, root=tmp_path / name) for name in ("one", "two")]
    assert list(searches[0].figures) == ["trials"]
    first, second = (search.figures["trials"].read_bytes() for search in searches)
    assert first == second
    assert b"<svg" in first


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"sampler": "tpee"}, "sampler: tpee is not allowed; it takes tpe or random. "
         "Did you mean tpe?"),
        ({"direction": "down"}, "direction: down is not allowed; it takes minimize or maximize."),
        ({"trials": 0}, "trials: 0 is not allowed; it takes a whole number from 1 to 1,000,000."),
        ({"trials": 10**9}, "trials: 1000000000 is not allowed; it takes a whole number from 1 to "
         "1,000,000."),
        ({"trials": 600_000}, "600,000 trials × 2 seeds make 1,200,000 trainings; at most "
         "1,000,000 are allowed."),
    ],
)  # fmt: skip
def test_a_wrong_argument_is_one_sentence(
    arguments: dict[str, Any], sentence: str, searched: Searched
) -> None:
    with pytest.raises(UsageError) as caught:
        searched("limit=2:9", "seed=0:2", **arguments)
    assert str(caught.value) == sentence


def test_the_seed_alone_cannot_be_searched(searched: Searched) -> None:
    with pytest.raises(UsageError, match="an axis besides the seed"):
        searched("seed=0:5")


def test_an_unknown_objective_is_told_with_the_nearest(searched: Searched) -> None:
    with pytest.raises(UnknownNameError, match=r"Did you mean final_error\?$"):
        searched(objective="final_eror")


def test_without_optuna_the_extra_is_named(
    searched: Searched, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = builtins.__import__

    def without_optuna(name: str, *rest: Any, **more: Any) -> Any:
        if name.partition(".")[0] == "optuna":
            raise ModuleNotFoundError(name)
        return real(name, *rest, **more)

    for name in [name for name in sys.modules if name.partition(".")[0] == "optuna"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without_optuna)
    with pytest.raises(MissingExtraError, match=r"pip install 'epoque\[search\]'"):
        searched()
    assert not (tmp_path / "runs").exists()
