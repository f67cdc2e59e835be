"""A lake in any place: the same rules in a folder and in an object store."""

from __future__ import annotations

import subprocess
import sys
import uuid
from pathlib import Path

import polars as pl
import pytest

from augury.core.bars import Bars
from augury.core.errors import CorruptStore, MissingExtra, NotFound, StorageFull, TemporaryError, UsageError
from augury.core.timeframe import Timeframe
from augury.data.lake import Lake
from augury.data.synthetic import SyntheticMarket

D1 = Timeframe.D1


@pytest.fixture(params=["folder", "file", "memory"])
def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> Lake:
    places = {
        "folder": tmp_path / "a lake",
        "file": (tmp_path / "a lake").as_uri(),
        "memory": f"memory://{uuid.uuid4().hex}/lake",
    }
    return Lake(places[request.param])


def test_every_place_keeps_the_same_bars(anywhere: Lake) -> None:
    bars = SyntheticMarket(n_symbols=2, n_bars=3200).bars()
    with pytest.raises(NotFound, match="stored: none"):
        anywhere.read(None, D1)
    cut = bars.with_frame(bars.frame.filter(pl.col("ts") < bars.frame["ts"].max()))
    assert anywhere.write(cut) == cut.data_version
    assert anywhere.append(bars) == 2
    assert anywhere.append(bars) == 0
    assert anywhere.read(None, D1).data_version == bars.data_version
    assert anywhere.read(["SYN002"], D1, last=5).frame.equals(bars.of("SYN002").frame.tail(5))
    assert [(entry.symbol, entry.rows) for entry in anywhere.entries()] == [("SYN001", 3200), ("SYN002", 3200)]
    assert anywhere.has("SYN001", D1)
    assert not anywhere.has("SYN003", D1)
    assert not anywhere.has("SYN001", Timeframe.W1)


def test_a_new_bar_is_one_object_and_the_newest_file_is_written_last(anywhere: Lake, monkeypatch) -> None:
    bars = SyntheticMarket(n_symbols=2, n_bars=3200).bars()
    writes: list[list[str]] = []
    put = anywhere._root.put

    def noting(files: dict[str, bytes]) -> None:
        writes.append(sorted(files))
        put(files)

    monkeypatch.setattr(anywhere._root, "put", noting)
    anywhere.write(bars.with_frame(bars.frame.filter(pl.col("ts") < bars.frame["ts"].max())))
    assert [len(names) for names in writes] == [2, 2]
    assert writes[1] == ["d1/SYN001.parquet", "d1/SYN002.parquet"]
    writes.clear()
    anywhere.append(bars.of("SYN002"))
    assert writes == [[], ["d1/SYN002.parquet"]]
    writes.clear()
    assert anywhere.append(bars.of("SYN002")) == 0
    assert writes in ([], [[], []])


def test_a_damaged_object_is_named_by_its_url(bars: Bars) -> None:
    lake = Lake(f"memory://{uuid.uuid4().hex}")
    lake.write(bars)
    content = lake._root.read(["d1/SYN002.parquet"])[0]
    assert content is not None
    lake._root.put({"d1/SYN002.parquet": content[:-200]})
    with pytest.raises(CorruptStore, match=r"memory://.*/d1/SYN002.parquet cannot be trusted"):
        lake.read(None, D1)


def test_a_path_needs_no_fsspec_and_a_url_names_the_extra(tmp_path: Path, bars: Bars, monkeypatch) -> None:
    code = (
        "import sys; from augury.data.lake import Lake; Lake(sys.argv[1]).entries(); sys.exit('fsspec' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False).returncode == 0

    def without(name: str) -> None:
        raise ModuleNotFoundError(f"No module named '{name}'", name=name)

    monkeypatch.setattr("importlib.import_module", without)
    with pytest.raises(MissingExtra) as caught:
        Lake("memory://x")
    assert caught.value.fix == 'pip install "augury[lake]"'


def test_a_protocol_that_nobody_knows_or_that_lacks_its_package_is_named() -> None:
    with pytest.raises(UsageError, match="Protocol not known: nowhere"):
        Lake("nowhere://bucket/lake")
    with pytest.raises(MissingExtra) as caught:
        Lake("oci://key:secret@bucket/lake")
    assert caught.value.fix == 'pip install "fsspec[oci]"'
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(("kind", "named"), [(PermissionError, StorageFull), (ConnectionError, TemporaryError)])
def test_a_place_that_cannot_be_reached_is_a_named_error(kind, named, bars: Bars, monkeypatch) -> None:
    lake = Lake(f"memory://{uuid.uuid4().hex}")

    def refuse(*_: object, **__: object) -> None:
        raise kind("no")

    monkeypatch.setattr(type(lake._root._files), "pipe", refuse)
    with pytest.raises(named, match="memory://"):
        lake.write(bars)
