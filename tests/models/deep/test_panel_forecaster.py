"""A cross-section is learnt from what was known, by day, and found again only where something was planted."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

# Test files are imported one by one, without their folder on the path: the builders are not found otherwise.
sys.path.insert(0, str(Path(__file__).parent))

from augury.core.errors import Collapsed, LeakError, NotTrained, SchemaMismatch, UsageError
from augury.core.hashing import sha256_json
from augury.core.metrics import block_length, bootstrap_mean, ic_by_day
from augury.core.typing import Floats
from augury.features.panel.graph import Graph, Graphs, GraphSpec
from augury.learning.loop import EpochRecord, fit
from augury.learning.losses.panel import PanelLoss
from augury.learning.phases import PHASES, Curriculum, Lesson, Phases
from augury.learning.samplers import DayBatchSampler, PanelSamples
from augury.learning.task import Task
from augury.models.deep import NETWORKS
from augury.models.deep.network import DayGraph, Network, PanelOutput
from augury.models.deep.panels.forecaster import PanelForecaster
from augury.models.deep.panels.task import PanelTask, day_graph
from augury.models.panel.slices import check_purge
from planted import QUICK, planted

CPU = torch.device("cpu")
SEQUENCES = ("lstm", "lstm_transformer", "seq2seq")
FIT, SELECT, REPORT = np.arange(2, 340), np.arange(341, 420), np.arange(421, 639)


def forecaster(**changes: object) -> PanelForecaster:
    settings = {"horizons": (1,), "lookback": 3, "network_settings": {"hidden": 8}, "training": QUICK}
    return PanelForecaster("lstm", **(settings | {"days_per_batch": 5, "device": "cpu"} | changes))  # type: ignore[arg-type]


def daily(made: PanelSamples, scores: Floats, rows: Floats) -> Floats:
    known = made.mask[rows, 0]
    rows, scores = rows[known], scores[known]
    return ic_by_day(scores, made.targets[rows, 0].astype(np.float64), made.day_of[rows], ranked=True)


@pytest.fixture(scope="module")
def small() -> PanelSamples:
    return planted(0.1, n_symbols=24, n_bars=90)


@pytest.fixture(scope="module")
def trained(small: PanelSamples) -> PanelForecaster:
    return forecaster(training=QUICK.replace(epochs=2)).fit(small, np.arange(2, 50), np.arange(51, 70))


def test_a_planted_signal_is_found_within_its_interval_and_noise_is_not() -> None:
    for ic in (0.05, 0.0):
        made = planted(ic)
        quick = QUICK.replace(epochs=3, learning_rate=1e-2)
        rows, scores = forecaster(days_per_batch=10, training=quick).fit(made, FIT, SELECT).score(made, REPORT)
        found = daily(made, scores[:, 0], rows)
        low, high = bootstrap_mean(found, block_length(len(found), 1))
        if ic:
            oracle = daily(made, made.last(rows)[:, 0].astype(np.float64), rows).mean()
            assert low <= oracle <= high
            assert low > 0
        else:
            assert low <= 0 <= high


@pytest.mark.parametrize("name", SEQUENCES)
def test_32_samples_are_overfitted(name: str) -> None:
    made = planted(0.0, n_symbols=32, n_bars=8, horizons=(1, 2))
    days = np.array([5])
    torch.manual_seed(0)
    network = NETWORKS.load(name)
    module = network(n_features=made.n_features, horizons=(1, 2), **(network.SMALL | {"hidden": 32}))
    sampler = DayBatchSampler(made, days, shuffle=False)
    loss = PanelLoss({"ic": 1.0}, (1, 2), {1: 1.0, 2: 1.0})
    task = PanelTask(module, sampler, sampler, loss, device=CPU)
    fit(task, QUICK.replace(epochs=150, learning_rate=1e-2))
    assert task.measures()["rank_ic"] > 0.9


class Echo(Network):
    """Scores are the first input of the last row, moved by a flag of the day."""

    KIND = "panel"

    def __init__(self) -> None:
        super().__init__(n_features=2)
        self.scale = torch.nn.Parameter(torch.ones(()))

    def forward(self, x: Tensor, graph: DayGraph | None = None) -> PanelOutput:
        said = self.scale * x[:, -1, 0] + 100.0 * x[:, -1, 1]
        return PanelOutput((1,), said[:, None, None], (0.5,))


def test_days_of_one_batch_are_ranked_apart(small: PanelSamples) -> None:
    # The second input is a flag of the day: scores of odd days lie 100 above those of even ones.
    matrix = np.column_stack([small.last(np.arange(len(small)))[:, 0], small.day_of % 2]).astype(np.float32)
    agrees = replace(small, source=type(small.source)(matrix), inputs=("a", "valid_day"), targets=matrix[:, :1].copy())
    loss = PanelLoss({"soft_spearman": 1.0}, (1,))
    for odd in (0.0, 100.0):
        moved = replace(agrees, targets=matrix[:, :1] - odd * matrix[:, 1:])
        sampler = DayBatchSampler(moved, np.arange(10, 12), days_per_batch=2, shuffle=False)
        task = PanelTask(Echo(), sampler, sampler, loss, device=CPU)
        (batch,) = task.batches(0)
        assert float(task.loss(batch).detach()) < 0.1
        assert task.measures()["rank_ic"] == pytest.approx(1.0)


def test_targets_that_are_not_known_in_time_change_nothing_that_is_learnt(small: PanelSamples) -> None:
    late = (small.codes % 3 == 0) & (small.day_of > 30)
    ends = np.where(late[:, None], small.stamps[80], small.label_end)
    spoilt = np.where(late[:, None] & (small.day_of < 51)[:, None], np.float32(9.9), small.targets)
    weights = []
    for targets in (small.targets, spoilt):
        made = replace(small, targets=targets, label_end=ends)
        quick = forecaster(training=QUICK.replace(epochs=1)).fit(made, np.arange(2, 50), np.arange(51, 60))
        assert quick.facts()["masked_stragglers"] > 0
        weights.append(quick.module.state_dict())
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_masked_targets_change_no_gradient(small: PanelSamples) -> None:
    found = []
    for value in (0.0, 1e6, -7.0):
        masked = small.codes % 2 == 0
        made = replace(small, targets=np.where(masked[:, None], np.float32(value), small.targets))
        ends = np.where(masked[:, None], small.stamps[80], small.label_end)
        made = replace(made, label_end=ends)
        sampler = DayBatchSampler(made, np.arange(10, 14), min_names=10, known_before=made.days[60], days_per_batch=4)
        torch.manual_seed(1)
        module = NETWORKS.load("lstm")(n_features=made.n_features, hidden=8, horizons=(1,), dropout=0.0)
        task = PanelTask(module, sampler, sampler, PanelLoss(None, (1,)), device=CPU)
        for batch in task.batches(0):
            task.loss(batch).backward()
        found.append(torch.cat([p.grad.ravel() for p in module.parameters() if p.grad is not None]))
    assert float(found[0].abs().sum()) > 0
    assert torch.equal(found[0], found[1])
    assert torch.equal(found[0], found[2])


def test_a_purge_of_the_labels_reach_passes_and_one_day_less_is_refused() -> None:
    made = planted(0.0, n_symbols=20, n_bars=60, horizons=(1, 20))
    check_purge(made, np.arange(2, 20), np.arange(40, 50))
    with pytest.raises(LeakError, match="labels reach 20"):
        check_purge(made, np.arange(2, 20), np.arange(39, 50))
    with pytest.raises(LeakError):
        PanelForecaster("lstm", (1, 20), 3).fit(made, np.arange(2, 20), np.arange(10, 30))


def test_saved_and_loaded_it_answers_bit_for_bit(trained: PanelForecaster, small: PanelSamples, tmp_path: Path) -> None:
    trained.save(tmp_path)
    loaded = PanelForecaster.load(tmp_path, device="cpu")
    days = np.arange(70, 90)
    assert loaded.predict(small, days).equals(trained.predict(small, days))
    assert loaded.history.to_json() == trained.history.to_json()
    assert sha256_json(loaded.facts()) == sha256_json(trained.facts())


def test_the_answer_names_every_horizon_and_orders_its_quantiles(trained: PanelForecaster, small: PanelSamples) -> None:
    said = trained.predict(small, np.arange(80, 90))
    names = [f"horizon_1d_q{level}" for level in ("05", "25", "50", "75", "95")]
    assert said.columns == ["symbol", "ts", "horizon_1d", *names]
    assert said.height == 10 * 24
    assert (np.diff(said.select(names).to_numpy(), axis=1) >= 0).all()
    assert said["horizon_1d"].equals(said["horizon_1d_q50"].rename("horizon_1d"))
    assert said.select("ts", "symbol").equals(said.select("ts", "symbol").sort("ts", "symbol"))


def test_features_of_another_width_or_manifest_are_refused(trained: PanelForecaster, small: PanelSamples) -> None:
    with pytest.raises(SchemaMismatch, match="manifest"):
        trained.predict(replace(small, manifest_hash="0" * 64), np.arange(80, 82))
    with pytest.raises(SchemaMismatch, match="lookback"):
        trained.predict(replace(small, lookback=4), np.arange(80, 82))
    with pytest.raises(SchemaMismatch, match="not rebuilt"):
        trained.module(torch.zeros(3, 3, 99))
    with pytest.raises(NotTrained):
        forecaster().predict(small, np.arange(80, 82))
    with pytest.raises(UsageError, match="weight"):
        forecaster(horizons=(2,)).fit(planted(0.0, 20, 40, horizons=(2,)), np.arange(2, 20), np.arange(25, 35))


def test_scores_that_do_not_depend_on_the_inputs_are_collapsed(small: PanelSamples) -> None:
    matrix = np.ones((len(small), small.n_features), np.float32)
    blind = replace(small, source=type(small.source)(matrix))
    with pytest.raises(Collapsed):
        forecaster(training=QUICK.replace(epochs=1)).fit(blind, np.arange(2, 50), np.arange(51, 70))


def test_returns_come_back_in_their_own_unit(small: PanelSamples) -> None:
    made = forecaster(target_scale="fit_sd", training=QUICK.replace(epochs=2))
    made.fit(small, np.arange(2, 50), np.arange(51, 70))
    said = made.predict(small, np.arange(70, 90))
    assert made.facts()["target"]["unit"] == "return"
    width = (said["horizon_1d_q95"] - said["horizon_1d_q05"]).mean()
    spread = float(np.nanstd(small.targets[:, 0]))
    assert isinstance(width, float)
    assert 1.5 * spread < width < 6 * spread


def test_a_later_history_changes_no_earlier_score(trained: PanelForecaster, small: PanelSamples) -> None:
    rows = np.arange(small.day_starts[75])
    cut = replace(
        small,
        source=type(small.source)(small.source.rows(slice(0, len(rows)))),
        codes=small.codes[rows],
        days=small.days[:75],
        day_starts=small.day_starts[:76],
        targets=small.targets[rows],
        label_end=small.label_end[rows],
    )
    assert trained.predict(cut, np.arange(60, 75)).equals(trained.predict(small, np.arange(60, 75)))


SCRIPT = """
import sys
import numpy as np
sys.path.insert(0, sys.argv[1])
from planted import QUICK, planted
from augury.core.hashing import sha256_json
from augury.models.deep.panels.forecaster import PanelForecaster
made = PanelForecaster("lstm", (1,), 3, {"hidden": 8}, training=QUICK.replace(epochs=2), days_per_batch=5, device="cpu")
made.fit(planted(0.1, n_symbols=24, n_bars=90), np.arange(2, 50), np.arange(51, 70))
print(sha256_json([record.measures for record in made.history.epochs]))
"""


def test_another_process_gives_the_same_metrics(trained: PanelForecaster) -> None:
    command = [sys.executable, "-c", SCRIPT, str(Path(__file__).parent)]
    environment = os.environ | {"PYTHONHASHSEED": "3"}
    answer = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert answer.stdout.strip() == sha256_json([record.measures for record in trained.history.epochs])


def test_the_graph_of_a_batch_joins_names_of_the_same_day_only(small: PanelSamples) -> None:
    edge = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    weights = np.tile(np.array([[0.7, 1.0, 0.0]], np.float32), (4, 1))
    made = Graph(datetime(2000, 1, 3, tzinfo=UTC), small.symbols[:2], *edge, weights)
    rows = small.rows_of(np.array([20, 21]))
    joined = day_graph(small, rows, np.array([0, 24, 48]), Graphs((made,), GraphSpec()), CPU)
    assert joined.offsets == (0, 24, 48)
    assert [int(a.sum()) for a in joined.adjacency] == [26, 26]
    assert bool(joined.adjacency[0][0, 1])
    assert joined.edges[1][1, 0].tolist() == pytest.approx([0.7, 1.0, 0.0])
    assert day_graph(small, rows, np.array([0, 24, 48]), None, CPU).adjacency == ()


def test_without_graphs_a_network_of_the_days_still_attends_to_all_names_of_a_day(small: PanelSamples) -> None:
    rows = small.rows_of(np.array([20, 21]))
    offsets = np.concatenate([[0], np.cumsum(np.bincount(small.day_of[rows] - 20))])
    graph = day_graph(small, rows, offsets, None, CPU)
    assert (graph.offsets, graph.adjacency, graph.edges) == (tuple(offsets.tolist()), (), ())
    torch.manual_seed(0)
    network = NETWORKS.load("gats")(n_features=small.n_features, hidden=8, layers=1, horizons=(1,)).eval()
    x = torch.from_numpy(small.gather(rows)).requires_grad_()
    said = network(x, graph)
    said.quantiles[0].sum().backward()
    first = int(offsets[1])
    assert x.grad is not None
    assert float(x.grad[1:first].abs().max()) > 0
    assert float(x.grad[first:].abs().max()) == 0
    assert said.facts["attention"].shape == (len(rows), int(np.diff(offsets).max()))


def test_phases_leave_what_is_off_as_it_was_to_the_last_bit(small: PanelSamples) -> None:
    class Watch:
        def __init__(self) -> None:
            self.seen: list[dict[str, Tensor]] = []

        def before_epoch(self, epoch: int, task: Task) -> tuple[()]:
            self.seen.append({name: p.detach().clone() for name, p in task.network.named_parameters()})
            return ()

        def after_epoch(self, record: EpochRecord) -> None:
            pass

    plan = [replace(phase, epochs=1) for phase in PHASES]
    made = forecaster(network_settings={"hidden": 8, "heads": 2}, training=QUICK.replace(epochs=5, weight_decay=0.1))
    made.network, watch = "atft_gat_fan", Watch()
    made.fit(small, np.arange(2, 50), np.arange(51, 70), hooks=[Phases(plan), watch])
    assert [e.events[0]["phase"] for e in made.history.epochs[:4]] == [phase.name for phase in PHASES]
    for epoch, off in enumerate([("graph.", "fusion.", "fan.", "san."), ("graph.", "fusion.")]):
        held = {name: torch.equal(p, watch.seen[epoch + 1][name]) for name, p in watch.seen[epoch].items()}
        assert all(same for name, same in held.items() if name.startswith(off)), epoch
        assert not held["head.shared.0.weight"]
    moved = [name for name, p in watch.seen[2].items() if not torch.equal(p, watch.seen[3][name])]
    assert any(name.startswith("graph.") for name in moved)


def panel_task(samples: PanelSamples, width: int = 8) -> PanelTask:
    torch.manual_seed(0)
    network = NETWORKS.load("lstm")(n_features=samples.n_features, hidden=width, dropout=0.0, horizons=samples.horizons)
    parts = DayBatchSampler(samples, np.arange(5, 40)), DayBatchSampler(samples, np.arange(46, 60))
    return PanelTask(network, *parts, PanelLoss(None, samples.horizons), device=CPU)


def test_a_curriculum_narrows_real_samples_and_measures_them_whole() -> None:
    samples = planted(0.1, n_symbols=24, n_bars=90, horizons=(1, 5))
    task = panel_task(samples)
    whole = task.measures()
    task.narrow(2, (1,))
    batch = next(task.batches(0))
    assert batch.x.shape[1:] == (2, samples.n_features)
    assert not bool(batch.mask[:, 1].any())
    assert bool(batch.mask[:, 0].all())
    assert task.measures() == whole
    for steps, horizons in ((4, None), (None, (2,)), (None, ())):
        with pytest.raises(UsageError, match="a lesson asks for"):
            task.narrow(steps, horizons)
    history = fit(task, QUICK.replace(epochs=2), hooks=[Curriculum([Lesson(0, 2, (1,)), Lesson(1)])])
    assert [e.events[0]["event"] for e in history.epochs] == ["lesson", "lesson"]
    assert next(task.batches(0)).x.shape[1] == samples.lookback


def test_halves_hold_every_name_of_a_day_once_with_its_own_neighbours(small: PanelSamples) -> None:
    task = panel_task(small)
    batch = next(task.batches(0))
    n = len(batch.x)
    numbers = torch.arange(n * n).view(n, n)
    graph = DayGraph((0, n), (numbers % 3 == 0,), (numbers[..., None].float().expand(n, n, 3),))
    left, right = task.halves(replace(batch, graph=graph))
    assert sorted(torch.cat([left.symbols, right.symbols]).tolist()) == sorted(batch.symbols.tolist())
    places = [int((batch.symbols == code).nonzero()) for code in left.symbols]
    assert torch.equal(left.graph.edges[0][..., 0], numbers[places][:, places].float())
    assert torch.equal(left.y, batch.y[places])
    assert len(task.halves(left)) == 1
