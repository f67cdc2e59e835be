"""FEA-12, F09: the graph of a day is date-aligned over 60 sessions, without duplicate edges, and knows no later day."""

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.stats import spearmanr

from augury.core.bars import Bars
from augury.core.errors import InsufficientHistory, LeakError, UsageError
from augury.data.panel.roles import Roles
from augury.features.panel import correlation_graph as builder
from augury.features.panel.correlation_graph import correlation_graphs
from augury.features.panel.correlations import correlations, ranks, residuals
from augury.features.panel.day_grid import DayGrid, past_return
from augury.features.panel.graph import Graph, GraphSpec, sector_graph
from augury.features.panel.graph_store import GraphStore
from augury.features.panel.peers import peer_beside

START = datetime(2015, 1, 1, tzinfo=UTC)
ALL = GraphSpec(threshold=1e-9, neighbours=100, shrink=0.0)


def same(a: Graph, b: Graph) -> bool:
    arrays = [(x.source, x.target, x.attributes) for x in (a, b)]
    return (a.ts, a.symbols) == (b.ts, b.symbols) and all(np.array_equal(p, q) for p, q in zip(*arrays, strict=True))


def strength(graph: Graph, one: str, other: str) -> float:
    """Correlation of an edge; NaN without one."""
    a, b = graph.symbols.index(one), graph.symbols.index(other)
    hit = (graph.source == a) & (graph.target == b)
    return float(graph.attributes[hit, 0][0]) if hit.any() else float("nan")


@pytest.fixture(scope="module")
def returns(crowd: Bars) -> pl.DataFrame:
    """The panel as a long frame of one-session returns by date."""
    grid = DayGrid.of(crowd.frame)
    moves = grid.gather(past_return(grid.spread(crowd.frame["close"]), 1))
    return crowd.frame.select("symbol", "ts").with_columns(moves.alias("past_ret_1"))


def matrix(returns: pl.DataFrame) -> np.ndarray:
    return returns.pivot(on="symbol", index="ts", values="past_ret_1").sort("ts").drop("ts").to_numpy()


def test_a_graph_is_made_every_five_sessions_from_the_fortieth_return_on(crowd: Bars) -> None:
    found = [(graph.ts - START).days for graph in correlation_graphs(crowd).graphs]
    assert found == list(range(40, 150, 5))


@pytest.mark.parametrize("method", ["pearson", "spearman", "exponential"])
def test_rows_after_a_graph_change_nothing_in_it(method: str, crowd: Bars, sector_records: pl.DataFrame) -> None:
    spec = GraphSpec(method=method, refresh=3)
    whole = correlation_graphs(crowd, spec, sectors=sector_records).graphs
    rng = np.random.default_rng(0)
    for k in np.linspace(41, 148, 20).astype(int).tolist():
        known = pl.col("ts") <= START + timedelta(days=k)
        until = [graph for graph in whole if graph.ts <= START + timedelta(days=k)]
        cut = correlation_graphs(crowd.with_frame(crowd.frame.filter(known)), spec, sectors=sector_records).graphs
        assert len(cut) == len(until)
        assert all(same(a, b) for a, b in zip(cut, until, strict=True))
    factor = pl.Series(rng.lognormal(0.0, 0.5, crowd.frame.height))
    noisy = crowd.frame.with_columns(pl.when(known).then("close").otherwise(pl.col("close") * factor).alias("close"))
    other = correlation_graphs(crowd.with_frame(noisy), spec, sectors=sector_records).graphs
    assert all(same(a, b) for a, b in zip(other, until, strict=False))


def test_no_edge_is_there_twice_both_directions_are_and_everyone_has_itself(crowd: Bars) -> None:
    for graph in correlation_graphs(crowd).graphs:
        edges = set(zip(graph.source.tolist(), graph.target.tolist(), strict=True))
        assert len(edges) == len(graph.source)
        assert {(b, a) for a, b in edges} == edges
        assert {(k, k) for k in range(len(graph.symbols))} <= edges
        assert np.array_equal(np.lexsort((graph.target, graph.source)), np.arange(len(graph.source)))


def test_sixty_sessions_are_really_used(returns: pl.DataFrame) -> None:
    last = 100
    spec = dataclasses.replace(ALL, refresh=last - 40)

    def graph(frame: pl.DataFrame) -> Graph:
        return correlation_graphs(frame, spec).at(START + timedelta(days=last))

    def changed(back: int) -> pl.DataFrame:
        """The ``back``-th newest return of one symbol is another."""
        ts = START + timedelta(days=last - back + 1)
        hit = (pl.col("symbol") == "S00") & (pl.col("ts") == ts)
        return returns.with_columns(pl.when(hit).then(0.3).otherwise("past_ret_1").alias("past_ret_1"))

    assert graph(returns).ts == START + timedelta(days=last)
    assert not same(graph(changed(60)), graph(returns))
    assert same(graph(changed(61)), graph(returns))


def test_a_suspended_symbol_keeps_its_dates(crowd: Bars, returns: pl.DataFrame) -> None:
    x = matrix(returns)[41:101]
    graph = correlation_graphs(crowd, dataclasses.replace(ALL, refresh=60)).at(START + timedelta(days=100))
    names = sorted(crowd.symbols)
    assert np.isnan(x[:, names.index("S03")]).sum() == 13  # twelve days away, and the first back
    for other in ("S01", "S05"):
        a, b = x[:, names.index("S03")], x[:, names.index(other)]
        both = ~np.isnan(a) & ~np.isnan(b)
        assert strength(graph, "S03", other) == pytest.approx(np.corrcoef(a[both], b[both])[0, 1], abs=1e-6)


def test_two_symbols_need_forty_common_sessions(crowd: Bars) -> None:
    graphs = correlation_graphs(crowd, dataclasses.replace(ALL, refresh=1))
    listed = START + timedelta(days=50)
    early, enough = graphs.at(listed + timedelta(days=39)), graphs.at(listed + timedelta(days=40))
    assert np.isnan(strength(early, "S07", "S01"))
    assert strength(early, "S07", "S07") == 1.0
    assert strength(enough, "S07", "S01") > 0.1


def test_an_edge_needs_the_threshold_after_shrinking_and_a_choice_among_ten(crowd: Bars, returns: pl.DataFrame) -> None:
    spec = GraphSpec(neighbours=4)
    graph = correlation_graphs(crowd, spec).graphs[-1]
    x = matrix(returns)[len(matrix(returns)) - 150 :]
    day = (graph.ts - START).days
    window = x[day - 59 : day + 1]
    alive = ~np.isnan(window).all(axis=0)
    expected = np.abs(correlations(window[:, alive], np.ones(60), 40)) * 0.95
    np.fill_diagonal(expected, 0.0)
    chosen = set()
    for row in range(len(expected)):
        order = [k for k in np.argsort(-np.nan_to_num(expected[row])) if expected[row, k] >= 0.3][:4]
        chosen |= {(row, k) for k in order} | {(k, row) for k in order}
    own = {(k, k) for k in range(len(expected))}
    assert set(zip(graph.source.tolist(), graph.target.tolist(), strict=True)) == chosen | own
    assert np.abs(graph.attributes[graph.peers, 0]).min() >= 0.3


def test_equal_strength_at_the_border_is_decided_by_name(returns: pl.DataFrame) -> None:
    copies = returns.filter(pl.col("symbol") == "S00").drop("symbol")
    panel = pl.concat([copies.select(pl.lit(name).alias("symbol"), "ts", "past_ret_1") for name in "ABCDEF"])
    graph = correlation_graphs(panel, GraphSpec(neighbours=2)).graphs[-1]
    assert {int(k) for k in graph.target[graph.source == 5]} == {0, 1, 5}


def test_attributes_say_sign_market_and_sector_of_the_day(crowd: Bars, sector_records: pl.DataFrame) -> None:
    falling = crowd.frame.with_columns(
        pl.when(pl.col("symbol") == "S00").then(1.0 / pl.col("close")).otherwise("close").alias("close")
    )
    markets = {name: "XNYS" if name < "S20" else "XTKS" for name in crowd.symbols}
    graphs = correlation_graphs(crowd.with_frame(falling), ALL, sectors=sector_records, markets=markets)
    graph = graphs.at(START + timedelta(days=55))
    assert strength(graph, "S00", "S02") < -0.3
    flags = {
        (graph.symbols[a], graph.symbols[b]): tuple(row)
        for a, b, row in zip(graph.source, graph.target, graph.attributes[:, 1:].tolist(), strict=True)
    }
    assert flags["S00", "S02"] == (1.0, 1.0)
    assert flags["S00", "S01"] == (1.0, 0.0)
    assert flags["S00", "S22"] == (0.0, 1.0)
    assert flags["S04", "S00"] == (1.0, 1.0)
    later = graphs.at(START + timedelta(days=100))
    moved = (later.source == later.symbols.index("S04")) & (later.target == later.symbols.index("S00"))
    assert later.attributes[moved, 2].tolist() == [0.0]  # S04 went to Health on day 60


def test_spearman_and_weights_equal_other_writings() -> None:
    rng = np.random.default_rng(2)
    x = np.round(rng.normal(size=(60, 5)) + rng.normal(size=(60, 1)), 1)
    np.testing.assert_allclose(correlations(ranks(x), np.ones(60), 40), spearmanr(x).statistic, atol=1e-10)
    weights = 0.5 ** (np.arange(59.0, -1.0, -1.0) / 20.0)
    covariance = np.cov(x.T, aweights=weights)
    sd = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose(correlations(x, weights, 40), covariance / np.outer(sd, sd), atol=1e-10)


def test_a_column_with_gaps_is_correlated_over_what_both_know() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(60, 6)) + rng.normal(size=(60, 1))
    x[rng.random(x.shape) < 0.15] = np.nan
    x[:, 0] = rng.normal(size=60)
    x[:25, 5] = np.nan
    weights = 0.5 ** (np.arange(59.0, -1.0, -1.0) / 20.0)
    found = correlations(x, weights, 30)
    for a, b in np.ndindex(6, 6):
        both = ~np.isnan(x[:, a]) & ~np.isnan(x[:, b])
        expected = np.nan
        if both.sum() >= 30:
            c = np.cov(x[both, a], x[both, b], aweights=weights[both])
            expected = c[0, 1] / np.sqrt(c[0, 0] * c[1, 1])
        assert found[a, b] == pytest.approx(expected, abs=1e-9, nan_ok=True)


def test_a_price_that_stands_still_correlates_with_nobody() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(60, 3))
    x[:, 1] = 0.001
    found = correlations(x, np.ones(60), 40)
    assert np.isnan(found[1]).all()
    assert found[0, 0] == pytest.approx(1.0)
    x[:5, 2] = np.nan
    assert np.isnan(correlations(x, np.ones(60), 40)[1]).all()


def test_residual_correlation_has_neither_market_nor_sector_in_it(crowd: Bars, sector_records: pl.DataFrame) -> None:
    def mean(residual: bool) -> float:
        spec = dataclasses.replace(ALL, residual=residual)
        graph = correlation_graphs(crowd, spec, sectors=sector_records).graphs[-1]
        return float(np.mean(graph.attributes[graph.peers, 0]))

    assert mean(residual=False) > 0.4
    assert abs(mean(residual=True)) < 0.1
    x = np.random.default_rng(1).normal(size=(60, 12))
    left = residuals(x, np.repeat([0, 1], 6))
    assert np.abs(left.T @ x.mean(axis=1)).max() < np.abs(x.T @ x.mean(axis=1)).max()
    with pytest.raises(UsageError, match="needs the sectors"):
        correlation_graphs(crowd, GraphSpec(residual=True))


@pytest.mark.parametrize("name", ["fwd_ret_1", "fwd_ret", "label"])
def test_a_target_is_refused_as_input(name: str, returns: pl.DataFrame) -> None:
    with pytest.raises(LeakError, match=f"'{name}' is a target"):
        correlation_graphs(returns.rename({"past_ret_1": name}), column=name)


def test_a_column_declared_target_is_refused_whatever_its_name(returns: pl.DataFrame) -> None:
    renamed = returns.rename({"past_ret_1": "move"})
    assert correlation_graphs(renamed, column="move").graphs
    with pytest.raises(LeakError, match="'move' is a target"):
        correlation_graphs(renamed, column="move", roles=Roles({"move": "target"}))


def test_impossible_settings_are_refused() -> None:
    for wrong in ({"method": "kendall"}, {"common_min": 61}, {"threshold": 0.0}, {"shrink": 1.0}, {"refresh": 0}):
        with pytest.raises(UsageError):
            GraphSpec(**wrong)  # type: ignore[arg-type]


def test_before_the_first_graph_there_is_none(crowd: Bars) -> None:
    graphs = correlation_graphs(crowd)
    assert graphs.at(START + timedelta(days=44)).ts == START + timedelta(days=40)
    with pytest.raises(InsufficientHistory, match="40 sessions"):
        graphs.at(START + timedelta(days=39))
    assert (
        correlation_graphs(crowd.with_frame(crowd.frame.filter(pl.col("ts") < START + timedelta(days=20)))).graphs == ()
    )


def test_a_kept_graph_is_found_by_date_symbols_settings_and_data(
    crowd: Bars, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, spec = GraphStore(tmp_path / "graphs"), GraphSpec(refresh=30)
    made = correlation_graphs(crowd, spec, store=store)
    files = sorted(store.folder.iterdir())
    assert len(files) == len(made.graphs) == 4
    with monkeypatch.context() as patch:
        patch.setattr(builder, "correlations", None)  # nothing is computed again
        again = correlation_graphs(crowd, spec, store=store)
    assert all(same(a, b) for a, b in zip(again.graphs, made.graphs, strict=True))
    correlation_graphs(crowd, dataclasses.replace(spec, threshold=0.4), store=store)
    assert len(list(store.folder.iterdir())) == 8
    first = (pl.col("symbol") == "S00") & (pl.col("ts") == START)
    price = pl.when(first).then(pl.col("close") * 1.01).otherwise("close").alias("close")
    correlation_graphs(crowd.with_frame(crowd.frame.with_columns(price)), spec, store=store)
    assert len(list(store.folder.iterdir())) == 9  # one window saw the changed return
    files[0].write_bytes(b"damaged")
    assert all(
        same(a, b) for a, b in zip(correlation_graphs(crowd, spec, store=store).graphs, made.graphs, strict=True)
    )


def test_dense_has_the_symbols_of_the_day_in_their_order(crowd: Bars) -> None:
    graph = correlation_graphs(crowd).graphs[-1]
    names = ["S05", "NEW", "S00", "S01"]
    joined, how = graph.dense(names)
    assert joined[1].tolist() == [False, True, False, False]
    assert np.array_equal(joined, joined.T)
    for a, b in np.ndindex(4, 4):
        if a != b and joined[a, b]:
            assert how[a, b, 0] == pytest.approx(strength(graph, names[a], names[b]))
    assert joined.sum() > 4


def test_a_sector_graph_weighs_by_how_much_is_shared_on_the_day() -> None:
    rows = [("A", "Energy", "Oil", "Wells"), ("B", "Energy", "Oil", "Wells"), ("C", "Energy", "Oil", "Pipes"),
            ("D", "Energy", "Coal", "Wells"), ("E", "Health", "Oil", "Wells")]  # fmt: skip
    records = pl.DataFrame(rows, schema=["symbol", "sector", "industry", "sub_industry"], orient="row").with_columns(
        valid_from=pl.date(2000, 1, 1), valid_to=pl.when(pl.col("symbol") == "B").then(pl.date(2015, 1, 31))
    )
    graph = sector_graph(START, list("EDCBAF"), records)
    found = {
        graph.symbols[a] + graph.symbols[b]: round(float(w), 3)
        for a, b, w in zip(graph.source, graph.target, graph.attributes[:, 0], strict=True)
        if a < b
    }
    assert found == {"AB": 0.8, "AC": 0.5, "BC": 0.5, "AD": 0.2, "BD": 0.2, "CD": 0.2}
    later = sector_graph(START + timedelta(days=40), list("ABF"), records)
    assert not later.peers.any()  # the record of B has ended
    assert len(later.source) == 3


def test_peers_are_read_through_the_graph_of_the_day(crowd: Bars, returns: pl.DataFrame) -> None:
    graphs, beside = correlation_graphs(crowd), peer_beside(crowd)
    move = {(name, ts): value for name, ts, value in returns.iter_rows()}
    for name, day in (("S00", 44), ("S03", 75), ("S03", 83), ("S10", 102), ("S07", 120), ("S23", 149)):
        ts = START + timedelta(days=day)
        row = beside.filter((pl.col("symbol") == name) & (pl.col("ts") == ts))
        if not row.height:
            continue
        graph = graphs.at(ts)
        mine = (graph.source == graph.symbols.index(name)) & graph.peers
        others = [move.get((graph.symbols[k], ts)) for k in graph.target[mine]]
        known = [value for value in others if value is not None]
        assert row["peer_count"][0] == len(known) > 1
        assert row["peer_mean_1"][0] == pytest.approx(np.mean(known))
        assert row["peer_variance_1"][0] == pytest.approx(np.var(known, ddof=1))
        assert row["peer_correlation"][0] == pytest.approx(np.abs(graph.attributes[mine, 0]).mean(), rel=1e-6)
    assert beside.filter(pl.col("ts") < START + timedelta(days=40))["peer_count"].count() == 0


def test_without_peers_the_count_is_zero_and_the_rest_unknown(crowd: Bars) -> None:
    beside = peer_beside(crowd, correlation_graphs(crowd, GraphSpec(threshold=1.0)))
    late = beside.filter(pl.col("ts") > START + timedelta(days=100))
    assert late["peer_count"].drop_nulls().unique().to_list() == [0.0]
    assert late["peer_mean_1"].count() == late["peer_variance_1"].count() == late["peer_correlation"].count() == 0


def test_peers_know_no_later_day(crowd: Bars) -> None:
    whole = peer_beside(crowd)
    rng = np.random.default_rng(0)
    for k in np.linspace(41, 148, 20).astype(int).tolist():
        known = pl.col("ts") <= START + timedelta(days=k)
        assert peer_beside(crowd.with_frame(crowd.frame.filter(known))).equals(whole.filter(known))
    factor = pl.Series(rng.lognormal(0.0, 0.5, crowd.frame.height))
    noisy = crowd.frame.with_columns(pl.when(known).then("close").otherwise(pl.col("close") * factor).alias("close"))
    assert peer_beside(crowd.with_frame(noisy)).filter(known).equals(whole.filter(known))
