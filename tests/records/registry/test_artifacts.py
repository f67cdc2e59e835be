"""Artifacts: published whole, opened only when every byte is right; REC-03, traps S04 and X01."""

from __future__ import annotations

import json
import os
import pickle
import re
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from augury.core.errors import AuguryError, CorruptArtifact, UnknownName, UsageError
from augury.core.version import MemberEntry
from augury.records.registry.artifacts import ArtifactStore, folder_name


@pytest.fixture
def published(sqlite_store, make):
    """(store of artifacts, folder, manifest)."""
    manifest = make.version(sqlite_store)
    folder, _ = sqlite_store.artifacts.open("^GSPC", "d1", "5d", manifest.version)
    return sqlite_store.artifacts, folder, manifest


def reopen(published):
    artifacts, _, manifest = published
    return artifacts.open(manifest.symbol, manifest.timeframe, manifest.horizon, manifest.version)


def test_a_version_is_named_by_its_time_and_content(published):
    _, folder, manifest = published
    assert re.fullmatch(r"20261121T105800Z-[0-9a-f]{6}", manifest.version)
    assert manifest.version.endswith(manifest.content_hash[:6])
    assert folder.parts[-4:] == ("%5EGSPC", "d1", "5d", manifest.version)
    assert sorted(manifest.files) == ["ensemble.json", "members/model.txt"]
    assert reopen(published)[1] == manifest


def test_the_same_content_has_the_same_bytes_and_hash_whenever_it_is_sealed(sqlite_store, make):
    one, two = (make.version(sqlite_store, created_at=make.now + timedelta(days=i)) for i in range(2))
    assert one.content_hash == two.content_hash
    assert one.version != two.version
    assert make.version(sqlite_store, answer=1).content_hash != one.content_hash


FILES = ("ensemble.json", "members/model.txt", "manifest.json")


@pytest.mark.parametrize("name", FILES)
def test_one_flipped_bit_anywhere_is_refused_by_name(published, name):
    path = published[1] / name
    content = path.read_bytes()
    for place in {*range(0, len(content), 1 + len(content) // 97), len(content) - 1}:
        flipped = bytearray(content)
        flipped[place] ^= 1
        path.write_bytes(flipped)
        with pytest.raises(CorruptArtifact, match=re.escape(Path(name).name)):
            reopen(published)
    path.write_bytes(content)
    reopen(published)


def test_numpy_numbers_and_tuples_in_a_manifest_are_read_as_they_were_sealed(sqlite_store, make):
    member = MemberEntry(
        "rf", "ready", settings={"depth": (3, 5)}, facts={"trees": np.int64(7), "gain": np.float32(0.1)}
    )
    manifest = make.version(sqlite_store, members=(member,), events=({"kind": "guard", "2": 1, "10": 2},))
    assert sqlite_store.artifacts.open("^GSPC", "d1", "5d", manifest.version)[1] == manifest
    assert sqlite_store.versions.list()[0].manifest == manifest


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", ["truncated", "empty", "deleted", "grown", "folder", "link"])
def test_a_damaged_file_is_refused_by_name(published, name, damage, tmp_path):
    path = published[1] / name
    content = path.read_bytes()
    path.unlink()
    if damage == "folder":
        path.mkdir()
    elif damage == "link":
        (tmp_path / "same").write_bytes(content)
        path.symlink_to(tmp_path / "same")
    elif damage != "deleted":
        path.write_bytes({"truncated": content[:-2], "empty": b"", "grown": content + b" x"}[damage])
    with pytest.raises(CorruptArtifact, match=re.escape(Path(name).name)) as caught:
        reopen(published)
    assert caught.value.exit_code == 4
    assert caught.value.fix == "augury train --symbol ^GSPC --timeframe d1"


@pytest.mark.parametrize("extra", ["extra.json", "members/x.txt", "run.py", "members/nested/y.json"])
def test_a_file_the_manifest_does_not_know_is_refused(published, extra):
    path = published[1] / extra
    path.parent.mkdir(exist_ok=True)
    path.write_text("tree\n" if extra.endswith(".txt") else "{}")
    with pytest.raises(CorruptArtifact, match=Path(extra).name):
        reopen(published)


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"symbol": "OTHER"},
        {"horizon": "15d"},
        {"weights": {"rf": 2.0}},
        {"content_hash": "f" * 64},
        {"features": None},
        {"members": [{"nome": "rf"}]},
        {"label_spec": {"timeframe": "d9"}},
        {"files": ["ensemble.json"]},
    ],
)
def test_an_edited_manifest_is_refused(published, change):
    path = published[1] / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(CorruptArtifact, match=r"manifest\.json"):
        reopen(published)


@pytest.mark.parametrize("text", ["[]", "null", "1", '"x"', "{", "\x80\x04.", "[" * 100_000], ids=range(7))
def test_a_manifest_that_is_no_manifest_is_refused(published, text):
    (published[1] / "manifest.json").write_text(text)
    with pytest.raises(CorruptArtifact, match=r"manifest\.json"):
        reopen(published)


def test_the_folder_of_another_cell_is_refused(published, make):
    artifacts, folder, manifest = published
    stolen = artifacts.place("OTHER", "d1", "5d", manifest.version)
    stolen.parent.mkdir(parents=True)
    folder.rename(stolen)
    with pytest.raises(CorruptArtifact, match=r"it is the manifest of \^GSPC d1 5d"):
        artifacts.open("OTHER", "d1", "5d", manifest.version)


@pytest.mark.parametrize(
    ("symbol", "timeframe", "horizon", "version"),
    [
        ("../x", "d1", "5d", None),
        ("/etc/passwd", "d1", "../5d", None),
        ("^GSPC", "../d1", "5d", None),
        ("^GSPC", "d1", "5d/..", None),
        ("^GSPC", "d1", "5d", "../../x"),
        ("^GSPC", "d1", "5d", "20261121T105800Z-abcdef/.."),
        ("^GSPC", "d1", "5d", "%2e%2e"),
        ("a\0b", "d1", "5d", None),
        ("", "d1", "5d", None),
        ("^GSPC", "d1", "5d", ""),
    ],
)
def test_text_from_outside_never_becomes_a_path(published, symbol, timeframe, horizon, version):
    artifacts, _, manifest = published
    with pytest.raises((UnknownName, UsageError)):
        artifacts.open(symbol, timeframe, horizon, manifest.version if version is None else version)


def test_symbols_have_one_folder_each_inside_the_root():
    names = [folder_name(symbol) for symbol in ("A/B", "A_B", "A.B", "A=B", "A-B", "^A", ".A", "A", ".", "a")]
    assert len({*names}) == len(names)
    assert not any("/" in name or name.startswith(".") for name in names)


class Canary:
    def __reduce__(self):
        return (os.system, ("touch /tmp/augury-canary",))


@pytest.mark.parametrize("suffix", [".json", ".txt", ".safetensors", ".parquet"])
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_under_a_safe_name_is_refused_before_any_reader(sqlite_store, make, suffix, protocol):
    staged = sqlite_store.artifacts.stage()
    (staged / f"member{suffix}").write_bytes(pickle.dumps(Canary(), protocol))
    with pytest.raises(CorruptArtifact, match=f"member{suffix}: the content is not {suffix}"):
        sqlite_store.artifacts.seal(staged, make.manifest(), make.now)
    assert not Path("/tmp/augury-canary").exists()


@pytest.mark.parametrize(
    "suffix", [".pkl", ".joblib", ".pt", ".npy", ".npz", ".h5", ".keras", ".skops", ".onnx", ".py", ""]
)
def test_a_format_that_can_run_code_is_no_artifact(sqlite_store, make, suffix):
    staged = sqlite_store.artifacts.stage()
    (staged / f"member{suffix}").write_bytes(b"{}")
    with pytest.raises(CorruptArtifact, match="is not an artifact format"):
        sqlite_store.artifacts.seal(staged, make.manifest(), make.now)


def test_a_pickle_swapped_in_after_publication_is_refused(published):
    for name in ("ensemble.json", "members/model.txt"):
        (published[1] / name).write_bytes(pickle.dumps(Canary(), 0))
        with pytest.raises(CorruptArtifact, match="the content is not"):
            reopen(published)


def test_publishing_the_same_version_again_changes_nothing(published, make):
    artifacts, folder, manifest = published
    staged = artifacts.stage()
    (staged / "ensemble.json").write_text(json.dumps({"answer": 0}))
    (staged / "members").mkdir()
    (staged / "members" / "model.txt").write_text("tree\nversion=v4 answer=0\n")
    again = artifacts.seal(staged, make.manifest(), make.now)
    before = folder.stat().st_ino
    assert again == manifest
    assert artifacts.publish(staged, again) == folder
    assert folder.stat().st_ino == before
    assert [*(artifacts.root / ".staging").iterdir()] == []


def test_publishing_over_a_damaged_version_says_so(published, make):
    artifacts, folder, manifest = published
    staged = artifacts.stage()
    (staged / "ensemble.json").write_text(json.dumps({"answer": 0}))
    (folder / "ensemble.json").write_text("{}")
    with pytest.raises(CorruptArtifact, match=r"ensemble\.json"):
        artifacts.publish(staged, manifest)


def test_what_a_dead_process_left_is_swept_and_work_is_not(tmp_path):
    artifacts = ArtifactStore(tmp_path)
    mine = artifacts.stage()
    code = f"""
from pathlib import Path
from augury.records.registry.artifacts import ArtifactStore
print(ArtifactStore(Path({str(tmp_path)!r})).stage())
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    theirs = Path(said.strip())
    (theirs / "half.json").write_text("{")
    for_me = artifacts.stage(owner_pid=os.getppid())
    assert artifacts.sweep() == [theirs]
    assert mine.is_dir()
    assert for_me.is_dir()
    assert not theirs.exists()
    assert artifacts.sweep() == []


def test_a_later_process_with_the_same_id_does_not_keep_a_dead_folder(tmp_path):
    artifacts = ArtifactStore(tmp_path)
    left, elsewhere = artifacts.stage(), artifacts.stage()
    for folder, place, value in ((left, 2, "1"), (elsewhere, 3, "another-host.owner"), (elsewhere, 1, "999999999")):
        (owner,) = folder.parent.glob(f"{folder.name}@*")
        parts = owner.name.split("@")
        owner.rename(owner.with_name("@".join([*parts[:place], value, *parts[place + 1 :]])))
    assert artifacts.sweep() == [left]
    assert elsewhere.is_dir()


def test_a_discarded_folder_leaves_nothing(tmp_path):
    artifacts = ArtifactStore(tmp_path)
    staged = artifacts.stage()
    artifacts.staging.discard(staged)
    artifacts.staging.discard(staged)
    assert [*staged.parent.iterdir()] == []


def test_every_refusal_is_an_error_of_augury(published):
    artifacts, folder, manifest = published
    for path in sorted(folder.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    folder.rmdir()
    with pytest.raises(AuguryError, match=r"manifest\.json: it is not there"):
        reopen(published)
    with pytest.raises(CorruptArtifact):
        artifacts.open("^GSPC", "d1", "5d", replace(manifest, version="20200101T000000Z-abcdef").version)
