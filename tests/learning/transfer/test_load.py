"""N01: a transfer is proved in numbers over the encoder's tensors, or refused with the network as it was."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from augury.core.errors import CorruptArtifact, NotFound, TransferMismatch, UsageError
from augury.core.hashing import sha256_file
from augury.learning.transfer import TransferReport, load_encoder

Written = Callable[..., Path]


def weights(network: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def same(network: nn.Module, before: dict[str, Tensor]) -> bool:
    trainable = all(parameter.requires_grad for parameter in network.parameters())
    return trainable and all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


def rewrite(path: Path, change: Callable[[dict[str, Tensor]], dict[str, Tensor]]) -> None:
    save_file(change(load_file(path)), path)
    rehash(path)


def rehash(path: Path) -> None:
    said = json.loads((path.parent / "encoder.json").read_text())
    (path.parent / "encoder.json").write_text(json.dumps(said | {"sha256": sha256_file(path)}))


def test_two_layers_into_one_keeps_8_tensors_and_skips_8(written: Written, classifier: Any) -> None:
    network, path = classifier(), written()
    report = load_encoder(network, path)
    assert (len(report.matched), len(report.skipped), report.missing, report.mismatched) == (8, 8, (), ())
    assert (report.match_ratio, report.difference, report.frozen, report.passed) == (1.0, 0.0, 8, True)
    assert report.change > 0
    assert report.sd_before != report.sd_after
    file = load_file(path)
    assert all(torch.equal(tensor, file[name]) for name, tensor in network.encoder.state_dict().items())


def test_only_the_encoder_is_touched_and_only_it_is_frozen(written: Written, classifier: Any) -> None:
    network = classifier()
    head = network.head.weight.clone()
    load_encoder(network, written())
    assert torch.equal(network.head.weight, head)
    assert network.head.weight.requires_grad
    assert not any(parameter.requires_grad for parameter in network.encoder.parameters())
    other = classifier()
    assert load_encoder(other, written(), freeze=False).frozen == 0


def test_both_ways_into_one_way_keeps_the_forward_tensors(written: Written, classifier: Any) -> None:
    report = load_encoder(classifier(bidirectional=False), written(layers=1))
    assert len(report.matched) == 4
    assert len(report.skipped) == 4
    assert all(name.endswith("_reverse") for name in report.skipped)


@pytest.mark.parametrize(
    ("file", "network", "said"),
    [
        ({"n_features": 3}, {}, r"lstm.weight_ih_l0 is \(32, 3\), model needs \(32, 4\)"),
        ({"hidden": 16}, {}, r"lstm.weight_hh_l0 is \(64, 16\), model needs \(32, 8\)"),
        ({"layers": 1}, {"layers": 2}, "lstm.weight_ih_l1 is missing"),
        ({"bidirectional": False}, {}, "lstm.weight_ih_l0_reverse is missing"),
        ({}, {"layers": 2, "bidirectional": False}, r"lstm.weight_ih_l1 is \(32, 16\), model needs \(32, 8\)"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_and_nothing_is_touched(
    written: Written, classifier: Any, file: Any, network: Any, said: str
) -> None:
    model = classifier(**network)
    before = weights(model)
    with pytest.raises(TransferMismatch, match=said):
        load_encoder(model, written(**file))
    assert same(model, before)


def test_the_fix_names_the_width_to_pre_train_with(written: Written, classifier: Any) -> None:
    with pytest.raises(TransferMismatch) as caught:
        load_encoder(classifier(n_features=11), written())
    assert caught.value.fix.endswith("--input-dim 11")
    assert caught.value.exit_code == 4


def test_a_renamed_tensor_is_refused_under_both_names(written: Written, classifier: Any) -> None:
    model, path = classifier(), written()
    before = weights(model)
    rewrite(path, lambda file: {n.replace("bias_hh_l0_reverse", "bias_xx_l0_reverse"): t for n, t in file.items()})
    with pytest.raises(TransferMismatch, match=r"bias_hh_l0_reverse is missing; lstm\.bias_xx_l0_reverse is unknown"):
        load_encoder(model, path)
    assert same(model, before)


def test_a_truncated_file_is_refused(written: Written, classifier: Any) -> None:
    model, path = classifier(), written()
    before = weights(model)
    path.write_bytes(path.read_bytes()[:-64])
    with pytest.raises(CorruptArtifact, match="sha256"):
        load_encoder(model, path)
    rehash(path)
    with pytest.raises(CorruptArtifact, match="not a whole safetensors file"):
        load_encoder(model, path)
    assert same(model, before)


def test_weights_that_are_not_finite_are_refused(written: Written, classifier: Any) -> None:
    model, path = classifier(), written()
    before = weights(model)
    rewrite(path, lambda file: file | {"lstm.bias_ih_l0": file["lstm.bias_ih_l0"] * torch.nan})
    with pytest.raises(CorruptArtifact, match="bias_ih_l0 holds a number that is not finite"):
        load_encoder(model, path)
    assert same(model, before)


def test_loading_the_same_file_twice_must_be_allowed(written: Written, classifier: Any) -> None:
    model, path = classifier(), written()
    load_encoder(model, path, freeze=False)
    before = weights(model)
    with pytest.raises(TransferMismatch, match="already held these very weights"):
        load_encoder(model, path)
    assert same(model, before)
    again = load_encoder(model, path, reload=True)
    assert again.change == 0.0
    assert again.reloaded
    assert again.passed


def test_another_feature_set_or_scaler_is_refused_unless_allowed(written: Written, classifier: Any) -> None:
    model, path = classifier(), written()
    with pytest.raises(TransferMismatch, match="feature set ffffffffffff, the network reads aaaa"):
        load_encoder(model, path, feature_set="a" * 64)
    with pytest.raises(TransferMismatch, match="scaler"):
        load_encoder(model, path, scaler={"mean": [0.0, 0.1], "sd": [1.0, 2.5]})
    report = load_encoder(model, path, feature_set="f" * 64, scaler={"sd": [1.0, 2.0], "mean": [0.0, 0.1]})
    assert report.scaler == {"mean": [0.0, 0.1], "sd": [1.0, 2.0]}
    assert load_encoder(classifier(), path, feature_set="a" * 64, allow_scaler_change=True).passed


def test_a_file_of_a_whole_network_gives_its_encoder(tmp_path: Path, classifier: Any) -> None:
    trained = classifier()
    with torch.no_grad():
        for parameter in trained.parameters():
            parameter.add_(0.5)
    path = tmp_path / "network.safetensors"
    save_file(weights(trained), path)
    said = {"network": "simple_lstm", "settings": {"n_features": 4}, "sha256": sha256_file(path), "facts": {}}
    (tmp_path / "network.json").write_text(json.dumps(said))
    assert load_encoder(classifier(), tmp_path).change == pytest.approx(0.5, abs=1e-6)


def test_a_pickle_a_missing_file_and_a_lone_file_are_refused(tmp_path: Path, written: Written, classifier: Any) -> None:
    with pytest.raises(UsageError, match="is a pickle"):
        load_encoder(classifier(), tmp_path / "encoder.pt")
    with pytest.raises(NotFound, match="no encoder file"):
        load_encoder(classifier(), tmp_path / "none.safetensors")
    path = written()
    (path.parent / "encoder.json").unlink()
    with pytest.raises(NotFound, match="what its encoder was fed is unknown"):
        load_encoder(classifier(), path)


def test_a_network_without_an_encoder_is_refused(written: Written) -> None:
    with pytest.raises(TransferMismatch, match="Linear has no recurrent encoder"):
        load_encoder(nn.Linear(4, 2), written())


def test_the_report_says_it_in_lines_in_json_and_as_a_table(written: Written, classifier: Any) -> None:
    report = load_encoder(classifier(), written())
    assert "8/8 tensors" in str(report)
    assert "skipped 8" in str(report)
    assert TransferReport.from_json(json.loads(json.dumps(report.to_json()))) == report
    html = report._repr_html_()
    assert "<script" not in html
    assert "100%" in html
