"""What every network of kind window must do, in both modes; found by the catalogue, none is named here."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from augury.core.errors import SchemaMismatch
from augury.core.metrics.uncertainty import wilson
from augury.learning.losses.focal import FocalLoss
from augury.models.deep import NETWORKS
from augury.models.deep.blocks.window_modes import MODES
from augury.models.deep.network import WindowOutput
from augury.models.deep.storage import load_network, save_network

WINDOW = [name for name, network in NETWORKS if network.KIND == "window"]
BARS, WIDTH = 24, 3
every = pytest.mark.parametrize(("name", "mode"), [(name, mode) for name in WINDOW for mode in MODES])
each = pytest.mark.parametrize("name", WINDOW)


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def build(name, mode="retrospective", seed=0, **settings):
    torch.manual_seed(seed)
    network = NETWORKS.load(name)
    return network(n_features=WIDTH, mode=mode, **network.SMALL | settings)


def noise(n, seed=1, bars=BARS):
    return torch.randn(n, bars, WIDTH, generator=torch.Generator().manual_seed(seed))


def planted(n, seed):
    """Noise with a bump of five bars somewhere, up in class 1 and down in class 0."""
    x, generator = noise(n, seed), np.random.default_rng(seed)
    y = generator.integers(0, 2, n)
    for row, at in enumerate(generator.integers(2, BARS - 8, n)):
        x[row, at : at + 5, 0] += 1.6 if y[row] else -1.6
    return x, torch.from_numpy(y)


def train(network, x, y, steps, rate=1e-2, batch=64):
    optimizer = torch.optim.AdamW(network.parameters(), rate)
    generator = torch.Generator().manual_seed(0)
    network.train()
    for step in range(steps):
        rows = torch.randperm(len(x), generator=generator)[:batch]
        loss = cross_entropy(network(x[rows]).logits, y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 20 == 19 and float(loss.detach()) < 0.02:
            break
    return network.eval()


def right(network, x, y):
    with torch.no_grad():
        return int((network(x).logits.argmax(1) == y).sum())


def test_the_catalogue_holds_window_networks():
    assert {"cnn_transformer", "compact_lstm", "simple_lstm"} <= set(WINDOW)


@every
def test_the_last_bar_matters_and_looking_back_so_does_the_first(name, mode):
    network, x = build(name, mode).eval(), noise(4).requires_grad_()
    network(x).logits[:, 0].sum().backward()
    assert float(x.grad[:, -1].abs().max()) > 1e-6
    assert float(x.grad[:, 0].abs().max()) > (1e-6 if mode == "retrospective" else 0)


@every
def test_answers_differ_between_inputs_in_evaluation_mode_and_two_passes_are_equal(name, mode):
    network, x = build(name, mode).eval(), noise(16)
    with torch.no_grad():
        first, again = network(x).logits, network(x).logits
    assert float(first.std(dim=0).min()) > 1e-4
    assert torch.equal(first, again)


@every
def test_every_tensor_receives_gradient_from_one_focal_step(name, mode):
    network = build(name, mode)
    y = torch.arange(32) % 2
    loss = FocalLoss().fit(y)
    loss(network(noise(32)).logits, y).backward()
    silent = [key for key, tensor in network.named_parameters() if tensor.grad is None or not bool(tensor.grad.any())]
    assert silent == []


@every
def test_groups_hold_every_parameter_once_head_first(name, mode):
    network = build(name, mode, outputs=["pointer", "span", "extent"], side=2)
    groups = network.groups()
    held = [id(tensor) for group in groups.values() for tensor in group]
    assert next(iter(groups)) == "head"
    assert sorted(held) == sorted(id(tensor) for tensor in network.parameters())
    assert "encoder.layer_0" in groups


@every
def test_thirty_two_windows_are_learnt_by_heart(name, mode):
    x, y = noise(32, seed=5), torch.from_numpy(np.random.default_rng(5).integers(0, 2, 32))
    network = train(build(name, mode), x, y, steps=300)
    assert right(network, x, y) / 32 > 0.95


@each
def test_a_planted_pattern_is_found_by_its_lower_bound(name):
    network = train(build(name), *planted(512, seed=0), steps=160)
    hits = right(network, *planted(300, seed=1))
    assert wilson(hits, 300)[0] > 0.6


@each
def test_shuffled_labels_are_not_learnt(name):
    x, y = planted(256, seed=0)
    shuffled = y[torch.randperm(256, generator=torch.Generator().manual_seed(0))]
    network = train(build(name), x, shuffled, steps=60)
    x, y = planted(300, seed=1)
    other = torch.from_numpy(np.random.default_rng(9).integers(0, 2, 300))
    low, high = wilson(right(network, x, other), 300, z=3.29)
    assert low < 0.5 < high


@each
def test_equal_seeds_give_equal_weights_and_answers(name):
    x, y = planted(64, seed=0)
    first, second = (train(build(name, seed=3), x, y, steps=5) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))
    other = build(name, seed=4)
    assert not all(torch.equal(a, b) for a, b in zip(build(name, seed=3).parameters(), other.parameters(), strict=True))


@each
def test_a_causal_bar_is_blind_to_later_ones_and_a_retrospective_one_is_not(name):
    x, longer = noise(2, bars=106), {}
    changed = torch.cat([x[:, :105], x[:, 105:] + 3.0], dim=1)
    for mode in MODES:
        network = build(name, mode, outputs=["span"]).eval()
        with torch.no_grad():
            longer[mode] = [network(bars).span[:, :105] for bars in (x[:, :105], x, changed)]
    short, full, other = longer["causal"]
    torch.testing.assert_close(short, full, rtol=0, atol=1e-6)
    assert torch.equal(full, other)
    assert not torch.equal(longer["retrospective"][1], longer["retrospective"][2])


@every
def test_a_future_bar_behind_the_length_of_a_window_changes_nothing(name, mode):
    network, x = build(name, mode).eval(), noise(3, bars=106)
    with torch.no_grad():
        own = network(x[:, :105]).logits
        padded = network(x, lengths=torch.tensor([105, 105, 105])).logits
    torch.testing.assert_close(own, padded, rtol=0, atol=1e-6)


@every
def test_another_width_is_refused_and_nothing_is_rebuilt(name, mode):
    network = build(name, mode)
    before = [id(tensor) for tensor in network.parameters()]
    with pytest.raises(SchemaMismatch, match="not rebuilt"):
        network(torch.zeros(2, BARS, WIDTH + 1))
    network(noise(2))
    assert before == [id(tensor) for tensor in network.parameters()]


def test_answers_are_bit_equal_after_saving_and_loading_in_a_new_process(tmp_path):
    for name in WINDOW:
        folder = tmp_path / name
        folder.mkdir()
        network = build(name, "causal", n_classes=3).eval()
        save_network(network, name, folder)
        with torch.no_grad():
            np.save(tmp_path / f"{name}.npy", network(noise(4)).logits.numpy())
    code = (
        "import sys, pathlib, numpy as np, torch; torch.set_num_threads(1)\n"
        "from augury.models.deep.storage import load_network\n"
        f"x = torch.randn(4, {BARS}, {WIDTH}, generator=torch.Generator().manual_seed(1))\n"
        "root = pathlib.Path(sys.argv[1])\n"
        "with torch.no_grad():\n"
        "    print([bool((load_network(root / n)[0](x).logits.numpy() == np.load(root / f'{n}.npy')).all())"
        " for n in sys.argv[2:]])"
    )
    said = subprocess.run([sys.executable, "-c", code, str(tmp_path), *WINDOW], capture_output=True, text=True)
    assert said.stdout.strip() == str([True] * len(WINDOW)), said.stderr
    assert load_network(tmp_path / WINDOW[0])[0].settings["mode"] == "causal"


@each
def test_pointer_span_and_extent_heads_have_their_shapes(name):
    network = build(name, outputs=["pointer", "span", "extent"]).eval()
    said = network(noise(2, bars=105))
    assert isinstance(said, WindowOutput)
    assert said.start.shape == said.end.shape == (2, 45)
    assert said.span.shape == (2, 105)
    assert said.extent.shape == (2, 2)


@pytest.mark.parametrize("fusion", ["concat", "add", "gate"])
@each
def test_side_features_reach_the_answer(name, fusion):
    network, x = build(name, side=4, fusion=fusion).eval(), noise(3)
    side = torch.randn(3, 4, generator=torch.Generator().manual_seed(2)).requires_grad_()
    network(x, side=side).logits[:, 0].sum().backward()
    assert float(side.grad.abs().min(dim=1).values.min()) > 0
    with pytest.raises(SchemaMismatch, match="4 side features"):
        network(x)
