"""That a finished run knows what a push would send, and how transformers opens it."""

import json

import pytest
import torch
from transformers import GenerationConfig

from epoque.language.hub import model_folder, roundtrip
from epoque.language.training.checkpoint import restore_model

FILES = {
    "README.md",
    "config.json",
    "epoque.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
}
KINDS = {
    "causal": ("NanoChatForCausalLM", {}),
    "masked": ("EuroBertForMaskedLM", {"objective": "masked", "mask_seeds": 1}),
}


def test_a_saved_masked_model_knows_its_mask(train_run, tmp_path):
    run = train_run(**KINDS["masked"][1])
    model_folder.save_run(run, tmp_path / "saved")
    told = json.loads((tmp_path / "saved" / "config.json").read_text())
    assert told["mask_token_id"] == restore_model(run)[1].mask_token_id


@pytest.mark.parametrize("objective", KINDS)
def test_the_saved_tokenizer_knows_the_context(train_run, tmp_path, objective):
    run = train_run(**KINDS[objective][1])
    model_folder.save_run(run, tmp_path / "saved")
    told = json.loads((tmp_path / "saved" / "tokenizer_config.json").read_text())
    assert told["model_max_length"] == restore_model(run)[0].context
    assert not {"is_local", "local_files_only"} & set(told)


def test_transformers_writes_as_we_do(train_run, tmp_path):
    run = train_run()
    model_folder.save_run(run, tmp_path / "saved")
    config = GenerationConfig.from_pretrained(tmp_path / "saved")
    tokenizer = restore_model(run)[1]
    assert config.do_sample
    assert (config.bos_token_id, config.eos_token_id) == (tokenizer.bos_token_id,) * 2


@pytest.mark.parametrize("objective", KINDS)
def test_results_tell_how_transformers_opens_the_model(train_run, objective):
    kind, settings = KINDS[objective]
    results = train_run(**settings).results
    written = {"generation_config.json"} if objective == "causal" else set()
    assert set(results["saved_files"]) == FILES | written
    assert results["reopened_as"] == kind
    assert 0 <= results["reopened_difference"] < 1e-4
    assert results["reopened_tokens"] is True
    assert "reopened_error" not in results


def test_the_files_are_those_of_a_dry_run(train_run, tmp_path):
    run = train_run()
    model_folder.save_run(run, tmp_path / "saved")
    names = model_folder.list_files(tmp_path / "saved")
    assert names == run.results["saved_files"]
    sizes = {name: (tmp_path / "saved" / name).stat().st_size for name in names}
    cards = sizes.pop("README.md")  # the card names the model, and so is not of one length
    others = run.results["saved_bytes"] - sum(sizes.values())
    assert abs(others - cards) < 200
    assert not list(run.path.glob(".*.tmp"))


def compared(run, folder, **changes):
    """Compare again, after some files of the folder were changed."""
    model, tokenizer = restore_model(run)
    model_folder.write_model_folder(folder, run, model, tokenizer, "card")
    for name, change in changes.items():
        path = folder / f"{name}.json"
        path.write_text(json.dumps(change(json.loads(path.read_text()))))
    return roundtrip._compare(folder, model, tokenizer, torch.arange(4, 20))


def test_another_model_is_told_from_ours(train_run, tmp_path):
    same = compared(train_run(), tmp_path / "same")
    other = compared(train_run(), tmp_path / "other", config=lambda c: c | {"rms_norm_eps": 1.0})
    assert same["reopened_difference"] < 1e-4
    assert other["reopened_difference"] > 1e-2


def test_what_transformers_cannot_open_is_told_and_loses_nothing(train_run, monkeypatch):
    run = train_run()
    write = model_folder.write_model_folder

    def damaged(folder, *rest):
        write(folder, *rest)
        (folder / "config.json").write_text('{"model_type": "no such model"}')

    monkeypatch.setattr(roundtrip, "write_model_folder", damaged)
    model, tokenizer = restore_model(run)
    told = roundtrip.check_roundtrip(run, model, tokenizer, torch.arange(4, 20), run.results)
    assert set(told) == {"saved_files", "saved_bytes", "reopened_error"}
    assert "no such model" in told["reopened_error"]
