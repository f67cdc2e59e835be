"""Bad input through the command line: a named error with value, place and next command, and no partial state.

Every line runs against a store that already lives (bars, two versions, a forecast), and that store
must be the same afterwards.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from augury.cli.app import run
from augury.core.settings import Settings
from augury.core.timeframe import Timeframe
from augury.data.lake import Lake
from augury.data.synthetic import SyntheticMarket
from augury.runs.workspace import Workspace

TINY = "members: {gb: {n_estimators: 5, max_depth: 3}}\nfolds: 2\nhorizons: [5d]\n"
CLEAN = SyntheticMarket(n_symbols=1, n_bars=300).bars().frame.with_columns(symbol=pl.lit("BAD"))
HOURLY = SyntheticMarket(n_symbols=1, n_bars=100, timeframe=Timeframe.H1).bars().frame
NAIVE, ZONED = pl.col("ts").dt.strftime("%Y-%m-%d %H:%M"), pl.col("ts").dt.strftime("%Y-%m-%dT%H:%MZ")
BINARY = hashlib.sha512(b"noise").digest() * 40
Make = Callable[[Path], object]


def own(n: int) -> Any:
    """Bars of a symbol that no bundled source can replace."""
    bars = SyntheticMarket(n_symbols=1, n_bars=n).bars()
    return bars.with_frame(bars.frame.with_columns(symbol=pl.lit("OWN")))


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with 500 bars of ``OWN``, two good versions of one cell and a forecast."""
    folder = tmp_path_factory.mktemp("lived")
    (folder / "tiny.yaml").write_text(TINY)
    Lake(folder / "store" / "lake").write(own(500))
    for line in (
        ["train", "--symbol", "OWN", "--recipe", str(folder / "tiny.yaml")],
        ["train", "--symbol", "OWN", "--recipe", str(folder / "tiny.yaml"), "--seed", "7"],
        ["forecast", "--symbol", "OWN"],
    ):
        assert run([*line, "--data-dir", str(folder / "store")], environ=os.environ) == 0
    return folder / "store"


@pytest.fixture
def store(lived: Path, tmp_path: Path) -> Path:
    """A copy of the store that lives, where ``call`` looks for it."""
    shutil.copytree(lived, tmp_path / "store")
    return tmp_path / "store"


def state(store: Path) -> dict[str, Any]:
    """Everything that a refused command may not change; asserts that the ledger verifies."""
    files = {
        str(path.relative_to(store)): hashlib.sha256(path.read_bytes()).hexdigest()
        for room in ("lake", "artifacts")
        for path in (store / room).rglob("*")
        if path.is_file() and path.name != ".writing"
    }
    with Workspace.open(Settings.load({"data_dir": store}, environ={}, start=store)) as workspace:
        assert workspace.store.ledger.verify().ok
        versions = [(row.version, row.champion) for row in workspace.store.versions.list()]
        return {"files": files, "versions": versions, "rows": [row.row_hash for row in workspace.store.ledger.list()]}


def refused(ran: Any, code: int, *words: str) -> None:
    """The shape of every refusal."""
    assert ran.code == code, ran
    for word in (*words, "-> run: augury "):
        assert word in ran.err, (word, ran.err)
    assert "Traceback" not in ran.err
    assert "unexpected" not in ran.err
    assert ran.out == "" or isinstance(json.loads(ran.out), list | dict)


def change(**cells: float | None) -> Make:
    frame = CLEAN.clone()
    for name, value in cells.items():
        frame[7, name] = value
    return frame.write_csv


def csv(*columns: pl.Expr, rows: pl.DataFrame = CLEAN) -> Make:
    return rows.with_columns(*columns).write_csv


def raw(content: bytes) -> Make:
    return lambda path: path.write_bytes(content)


LINE_9 = ("BAD 2010-01-13T00:00:00Z",)
HEADER = b"ts,open,high,low,close,volume\n"
FILES: dict[str, tuple[str, Make, int, tuple[str, ...]]] = {
    "conflicting duplicates": (
        "bad.csv",
        csv(rows=pl.concat([CLEAN, CLEAN[5:6].with_columns(close=pl.lit(70.0))])),
        3,
        ("line 7", "line 302: close 70.0", "(CONFLICT)"),
    ),
    "high below low": ("bad.csv", change(high=1.0), 3, (*LINE_9, "high 1.0 < ", "(OHLC_ORDER)")),
    "a price of 0": ("bad.csv", change(open=0.0), 3, (*LINE_9, "open is 0.0", "(ZERO_PRICE)")),
    "a negative price": ("bad.csv", change(low=-1.0), 3, (*LINE_9, "low is -1.0", "(NEGATIVE_PRICE)")),
    "an infinite price": ("bad.csv", change(high=float("inf")), 3, (*LINE_9, "high is inf", "(NON_FINITE)")),
    "a price that is no number": ("bad.csv", change(close=float("nan")), 3, (*LINE_9, "close is", "(NON_FINITE)")),
    "a missing price": ("bad.csv", change(close=None), 3, (*LINE_9, "close is missing", "(NON_FINITE)")),
    "words for numbers": (
        "bad.csv",
        raw(HEADER + b"2018-01-02,1,2,1,abc,1\n"),
        3,
        ("bad.csv line 2", "close is 'abc'", "(NON_NUMERIC)"),
    ),
    "words for dates": (
        "bad.csv",
        raw(HEADER + b"2018-01-02,1,2,1,1,1\nyesterday,1,2,1,1,1\n"),
        3,
        ("bad.csv line 3", "'yesterday'", "(SCHEMA)"),
    ),
    "an empty file": ("bad.csv", raw(b""), 3, ("bad.csv", "empty", "(EMPTY)")),
    "only a header": ("bad.csv", raw(HEADER), 3, ("bad.csv", "a header and no bars", "(EMPTY)")),
    "wrong columns": ("bad.csv", raw(b"foo,bar\n1,2\n"), 3, ("bad.csv", "'foo', 'bar'", "needed", "(SCHEMA)")),
    "binary called csv": ("bad.csv", raw(BINARY), 3, ("bad.csv", "cannot be read", "(SCHEMA)")),
    "binary that begins like parquet": ("bad.parquet", raw(b"PAR1" + BINARY), 3, ("bad.parquet", "cannot be read")),
    "mixed zones": (
        "bad.csv",
        csv(pl.when(pl.int_range(pl.len()) == 3).then(NAIVE).otherwise(ZONED).alias("ts"), rows=HOURLY),
        3,
        ("bad.csv line 5", "has no time zone", "(MIXED_TZ)"),
    ),
    "naive intraday": ("bad.csv", csv(NAIVE, rows=HOURLY), 3, ("bad.csv", "2010-01-04 14:30", "--tz", "(NAIVE_TZ)")),
    "bars of the future": (
        "bad.csv",
        csv(pl.col("ts").dt.offset_by("300y")),
        3,
        ("BAD 2310-01-04T00:00:00Z", "is after now", "(FUTURE_BAR)"),
    ),
    "a symbol that is a path": ("bad.csv", csv(pl.lit("../x").alias("symbol")), 3, ("bad.csv line 2", "../x")),
    "a symbol that is a formula": ("bad.csv", csv(pl.lit("=cmd()").alias("symbol")), 3, ("bad.csv line 2", "=cmd()")),
}


@pytest.mark.parametrize("case", FILES)
def test_a_bad_file_is_named_with_its_place_and_nothing_is_kept(case: str, call, store: Path) -> None:
    name, make, code, words = FILES[case]
    make(Path(name))
    before = state(store)
    checked = call("data", "check", name, "--json")
    assert checked.code == code, checked
    assert json.loads(checked.out)["is_valid"] is False
    assert all(finding["fix"].startswith("augury ") for finding in json.loads(checked.out)["findings"])
    imported = call("data", "import", name, "--symbol", "BAD", "--json")
    refused(imported, code, *words)
    assert "FILE" not in imported.err, "the next command runs as pasted"
    assert state(store) == before


@pytest.mark.parametrize("name", ["bad.parquet", "bad.dat"])
@pytest.mark.parametrize("content", [CLEAN.write_csv().encode(), BINARY], ids=["csv", "binary"])
def test_a_file_of_another_kind_than_its_name_is_refused_by_name(name: str, content: bytes, call, store: Path) -> None:
    Path(name).write_bytes(content)
    before = state(store)
    for verb in ("check", "import"):
        ran = call("data", verb, name, *(["--json"] if verb == "check" else []))
        assert ran.code in (2, 3), ran
        assert name in ran.out + ran.err
        assert "Traceback" not in ran.err
    assert state(store) == before


@pytest.mark.parametrize(
    ("rows", "word"),
    [(CLEAN.reverse(), "UNSORTED"), (pl.concat([CLEAN[:6], CLEAN[5:]]), "DUPLICATE")],
    ids=["unsorted", "identical duplicates"],
)
def test_what_can_be_repaired_without_guessing_is_repaired_and_said(rows: pl.DataFrame, word: str, call) -> None:
    CLEAN.write_csv("clean.csv")
    rows.write_csv("rows.csv")
    clean, repaired = (json.loads(call("data", "import", f, "--json").out) for f in ("clean.csv", "rows.csv"))
    assert repaired["data_version"] == clean["data_version"]
    assert any(f"({word})" in note for note in repaired["mapped"])


REQUESTS = {
    "data import bad.csv --timeframe d7": (2, ("unknown timeframe 'd7'",)),
    "data import bad.csv --symbols NOPE": (2, ("bad.csv has no 'NOPE'", "it has: BAD")),
    "data import bad.csv --adjustment most": (2, ("unknown adjustment 'most'",)),
    "data import bad.csv --calendar XNYZ": (2, ("unknown calendar 'XNYZ'",)),
    "data import bad.csv --tz Mars/Olympus": (2, ("unknown time zone 'Mars/Olympus'",)),
    "data import nothing.csv": (4, ("nothing.csv",)),
    "data import --provider archh": (2, ("unknown source 'archh', did you mean 'arch'",)),
    "data import --provider arch --symbols ^GSPX": (2, ("no '^GSPX', did you mean '^GSPC'",)),
    "train --symbol NOPE": (4, ("no d1 bars for NOPE", "augury data import FILE --symbol NOPE --timeframe d1")),
    "train --symbol OWN --timeframe h1": (4, ("no h1 bars for OWN",)),
    "train --symbol OWN --timeframe d7": (2, ("unknown timeframe 'd7'",)),
    "train --symbol OWN --horizon 5y": (2, ("horizon '5y'",)),
    "train --symbol OWN --horizon 900d": (3, ("OWN d1 900d has 0 labelled rows, needs 100",)),
    "train --symbol ../x": (2, ("'../x' is not a symbol",)),
    "train --symbol =cmd()": (2, ("'=cmd()' is not a symbol",)),
    "train --symbol OWN --recipe defualt": (2, ("did you mean 'default'",)),
    "train --symbol OWN --recipe nothing.yaml": (4, ("nothing.yaml",)),
    "forecast --symbol NOPE": (4, ("NOPE", "--symbol NOPE --timeframe d1")),
    "forecast --symbol ../x": (2, ("'../x' is not a symbol",)),
    "forecast --symbol OWN --timeframe d7": (2, ("unknown timeframe 'd7'",)),
    "forecast --symbol OWN --horizon 5y": (2, ("horizon '5y'",)),
    "forecast --symbol OWN --horizon 20d": (4, ("OWN d1 20d",)),
    "models list --timeframe d7": (2, ("unknown timeframe 'd7'",)),
    "models list --symbol ../x": (2, ("'../x' is not a symbol",)),
    "models info OWN d7": (2, ("unknown timeframe 'd7'",)),
    "models info OWN d1 20d": (4, ("OWN d1",)),
    "models info OWN d1 5d --version 1": (2, ("'1' is not a version", "augury models list")),
    "validate --symbol NOPE": (4, ("NOPE", "augury train --symbol NOPE --timeframe d1")),
    "validate --symbol OWN --timeframe d7": (2, ("unknown timeframe 'd7'",)),
    "models list --config nothing.yaml": (2, ("nothing.yaml",)),
}


@pytest.mark.parametrize("line", REQUESTS)
def test_an_unknown_name_is_refused_with_the_next_step(line: str, call, store: Path) -> None:
    code, words = REQUESTS[line]
    CLEAN.write_csv("bad.csv")
    before = state(store)
    ran = call(*line.split(), *(["--json"] if line.startswith("train") else []))
    refused(ran, code, *words)
    assert state(store) == before


@pytest.mark.parametrize("n", [153, 30, 2])
def test_too_little_history_is_refused_with_have_and_need(n: int, call, store: Path) -> None:
    Path("tiny.yaml").write_text(TINY)
    Lake(store / "lake").write(own(n))
    before = state(store)
    refused(call("train", "--symbol", "OWN", "--recipe", "tiny.yaml", "--json"), 3, "OWN d1 5d has", "needs 100")
    assert state(store) == before


def test_ninety_nine_labelled_rows_are_too_few_and_a_hundred_are_enough(call, store: Path) -> None:
    Path("tiny.yaml").write_text(TINY)
    Lake(store / "lake").write(own(153))
    assert "has 99 labelled rows" in call("train", "--symbol", "OWN", "--recipe", "tiny.yaml").err
    Lake(store / "lake").write(own(154))
    assert call("train", "--symbol", "OWN", "--recipe", "tiny.yaml").code == 0


RECIPES = {
    "foldz: 2": "unknown recipe key 'foldz'",
    "1: 2": "unknown recipe key '1'",
    "- gb": "must be a mapping, found list",
    "": "must be a mapping, found NoneType",
    "{[": "is not YAML",
    "\udcff\udcfe": "is not YAML",
    "folds: 99": "folds=99 is outside 2..20",
    "folds: two": "folds='two'",
    "folds: 2.5": "folds=2.5",
    "folds: true": "folds=True",
    "train_fraction: most": "train_fraction='most'",
    "train_fraction: .nan": "train_fraction=nan",
    "max_bars: -3": "max_bars=-3",
    "max_bars: many": "max_bars='many'",
    "seed: x": "seed='x'",
    "name: [a]": "name=['a']",
    "horizons: 5d": "horizons='5d'",
    "horizons: [5]": "horizon 5 has no unit",
    "horizons: [5y]": "horizon '5y'",
    "members: {gbb: {}}": "unknown member 'gbb', did you mean 'gb'",
    "members: [gb]": "members=['gb']",
    "members: gb": "members='gb'",
    "members: {gb: }": "member 'gb' has settings None",
    "members: {gb: {n_estimatorz: 5}}": "no setting 'n_estimatorz', did you mean 'n_estimators'",
    "members: {gb: {n_estimators: many}}": "n_estimators='many' is not a number",
    "members: {}": "at least one member",
    "weights: rigde": "unknown weight rule 'rigde', did you mean 'ridge'",
    "feature_set: technicl": "unknown feature set 'technicl', did you mean 'technical'",
}


@pytest.mark.parametrize("text", RECIPES)
def test_a_bad_recipe_is_named_with_its_file_before_anything_is_trained(text: str, call, store: Path) -> None:
    Path("bad.yaml").write_bytes(text.encode(errors="surrogateescape"))
    before = state(store)
    ran = call("train", "--symbol", "OWN", "--recipe", "bad.yaml", "--json")
    refused(ran, 2, "bad.yaml", RECIPES[text])
    assert (ran.out, len(ran.err.splitlines())) == ("", 1)
    assert state(store) == before


def test_a_recipe_that_no_member_can_follow_fails_its_cell_and_registers_nothing(call, store: Path) -> None:
    Path("bad.yaml").write_text("horizons: [5d]\nfolds: 2\nmembers: {gb: {n_estimators: -5}}\n")
    before = state(store)
    ran = call("train", "--symbol", "OWN", "--recipe", "bad.yaml", "--json")
    assert ran.code == 4, ran
    assert "no member could be fitted" in json.loads(ran.out)[0]["error"]
    assert "Traceback" not in ran.err
    assert state(store) == before


CONFIGS = {
    "worker: 2": "unknown setting 'worker', did you mean 'workers'",
    "1: 2": "unknown setting '1'",
    "workers: many": "workers=many",
    "workers: 0": "workers=0",
    "max_age_days: -4": "max_age_days=-4",
    "data_dir: [a]": "data_dir=['a']",
    "database_url: foo://bar": "foo://bar",
    "- a": "must be a mapping of settings, found list",
    "a: [": "is not YAML",
    "\udcff\udcfe": "is not YAML",
}


@pytest.mark.parametrize("text", CONFIGS)
def test_a_broken_config_file_stops_every_verb_in_one_line(text: str, call, store: Path) -> None:
    before = state(store)
    Path("augury.yaml").write_bytes(text.encode(errors="surrogateescape"))
    for line in (["models", "list"], ["forecast", "--symbol", "OWN"]):
        ran = call(*line)
        refused(ran, 2, CONFIGS[text])
        assert (ran.out, len(ran.err.splitlines())) == ("", 1)
    Path("augury.yaml").unlink()
    assert state(store) == before


def versions(store: Path) -> tuple[Path, Path]:
    """Folders of the champion and of the version before it."""
    (champion,) = (version for version, is_champion in state(store)["versions"] if is_champion)
    folders = {path.parent.name: path.parent for path in (store / "artifacts").rglob("manifest.json")}
    return folders.pop(champion), next(iter(folders.values()))


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_flipped_byte_in_any_file_of_the_champion_is_served_by_the_version_before_it_and_said(call, store) -> None:
    champion, older = versions(store)
    files = sorted(path for path in champion.rglob("*") if path.is_file())
    assert len(files) >= 4
    for path in files:
        whole = path.read_bytes()
        flipped(path)
        ran = call("forecast", "--symbol", "OWN", "--json")
        assert ran.code == 0, (path.name, ran)
        (row,) = json.loads(ran.out)
        assert row["version"] == older.name
        assert "degraded" in row["flags"]
        assert (champion.name in ran.err, path.name in ran.err, older.name in ran.err) == (True, True, True)
        path.write_bytes(whole)
    (row,) = json.loads(call("forecast", "--symbol", "OWN", "--json").out)
    assert (row["version"], "degraded" in row["flags"]) == (champion.name, False)
    assert len(state(store)["rows"]) == 2, "the same degraded forecast is one row"


def test_without_a_good_version_every_damaged_file_ends_with_the_training_command(call, store: Path) -> None:
    champion, older = versions(store)
    flipped(older / "ensemble.json")
    for path in sorted(path for path in champion.rglob("*") if path.is_file()):
        whole = path.read_bytes()
        for damage in (lambda path=path: flipped(path), path.unlink, lambda path=path: path.write_bytes(b"")):
            damage()
            before = state(store)
            ran = call("forecast", "--symbol", "OWN", "--json")
            refused(ran, 4, champion.name, path.name, "-> run: augury train --symbol OWN --timeframe d1")
            assert json.loads(ran.out) == []
            assert state(store) == before
            path.write_bytes(whole)
    assert call("forecast", "--symbol", "OWN").code == 0


LAKE_VERBS = ["forecast --symbol OWN", "train --symbol OWN --recipe tiny.yaml --json", "validate --all"]


@pytest.mark.parametrize("damage", ["flip", "cut", "empty"])
def test_a_damaged_lake_file_is_named_with_the_command_that_imports_it_again(damage: str, call, store: Path) -> None:
    Path("tiny.yaml").write_text(TINY)
    path = store / "lake" / "d1" / "OWN.parquet"
    content = path.read_bytes()
    path.write_bytes({"cut": content[:-100], "empty": b""}.get(damage, content))
    if damage == "flip":
        flipped(path)
    before = state(store)
    for line in LAKE_VERBS:
        refused(call(*line.split()), 1, str(path), "augury data import FILE --symbol OWN --timeframe d1")
    examined = call("doctor", "--json")
    assert examined.code == 1
    assert {row["name"] for row in json.loads(examined.out) if row["status"] == "broken"} == {"lake"}
    assert state(store) == before


def test_a_deleted_lake_is_not_found_and_nothing_takes_its_place(call, store: Path) -> None:
    Path("tiny.yaml").write_text(TINY)
    shutil.rmtree(store / "lake")
    before = state(store)
    for line in [*LAKE_VERBS, "train --all"]:
        refused(call(*line.split()), 4, "augury data import")
    assert json.loads(call("data", "list", "--json").out) == []
    assert state(store) == before


def test_a_damaged_database_stops_every_verb_and_is_left_for_a_look(call, store: Path) -> None:
    Path("tiny.yaml").write_text(TINY)
    database = store / "augury.sqlite"
    whole = database.read_bytes()
    for damaged in (whole[:1000], b"no database" * 900, whole[:4096] + b"\xff" * 4096 + whole[8192:]):
        database.write_bytes(damaged)
        for line in ["forecasts list", "models list", "forecasts verify", *LAKE_VERBS]:
            refused(call(*line.split()), 1, str(database))
        examined = call("doctor", "--json")
        assert examined.code == 1
        (row,) = (row for row in json.loads(examined.out) if row["status"] == "broken")
        assert (row["name"], row["fix"].startswith(f"mv {database}")) == ("database", True)
        assert database.read_bytes() == damaged
    database.write_bytes(whole)
    assert len(state(store)["rows"]) == 1
