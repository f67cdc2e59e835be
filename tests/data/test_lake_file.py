"""A file of the lake is believed whole or not at all."""

from __future__ import annotations

import re

import pytest

from augury.core.bars import Bars
from augury.core.errors import CorruptStore
from augury.core.timeframe import Timeframe
from augury.data.lake import Lake

D1 = Timeframe.D1


def test_a_damaged_byte_is_never_read_as_bars(lake: Lake, bars: Bars) -> None:
    lake.write(bars.of("SYN001"))
    path, good = lake.entries()[0].path, lake.read(["SYN001"], D1)
    raw = path.read_bytes()
    refused = 0
    for at in range(0, len(raw), max(1, len(raw) // 150)):
        path.write_bytes(raw[:at] + bytes([raw[at] ^ 0x10]) + raw[at + 1 :])
        try:
            read = lake.read(["SYN001"], D1)
        except CorruptStore:
            refused += 1
        else:  # a byte that carries nothing, such as the writer's name
            assert read.frame.equals(good.frame)
            assert (read.provider, read.synthetic, read.data_version) == ("synthetic", True, good.data_version)
    assert refused > 75


@pytest.mark.parametrize("keep", [0, 4, 100, -1])
def test_a_cut_file_is_named(lake: Lake, bars: Bars, keep: int) -> None:
    lake.write(bars.of("SYN001"))
    path = lake.entries()[0].path
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(CorruptStore, match=re.escape(str(path))) as caught:
        lake.read(["SYN001"], D1)
    assert caught.value.fix.startswith("augury data import")
    with pytest.raises(CorruptStore, match=re.escape(str(path))):
        lake.entries()


def test_a_file_put_under_another_name_is_refused(lake: Lake, bars: Bars) -> None:
    lake.write(bars)
    folder = lake.root / "d1"
    (folder / "SYN001.parquet").write_bytes((folder / "SYN002.parquet").read_bytes())
    with pytest.raises(CorruptStore, match="not what its facts say"):
        lake.read(["SYN001"], D1)


def test_facts_edited_beside_untouched_bars_are_refused(lake: Lake, bars: Bars) -> None:
    lake.write(bars.of("SYN001"))
    path = lake.entries()[0].path
    edited = path.read_bytes().replace(b'"provider": "synthetic"', b'"provider": "authentic"')
    assert edited != path.read_bytes()
    path.write_bytes(edited)
    with pytest.raises(CorruptStore, match="its facts were changed"):
        lake.read(["SYN001"], D1)
