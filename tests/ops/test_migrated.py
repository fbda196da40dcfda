"""The migrated database that tests begin with is made anew for other migrations."""

from __future__ import annotations

from soc.ops import migrated
from soc.ops.paths import CHECKOUT


def test_another_migration_asks_for_another_folder(tmp_path, monkeypatch):
    for name in ("requirements.txt", *(f"soc/ops/{own}" for own in migrated.OWN)):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes((CHECKOUT / name).read_bytes())
    (tmp_path / "cameras" / "migrations").mkdir(parents=True)
    monkeypatch.setattr(migrated, "CHECKOUT", tmp_path)
    before = migrated._version()
    assert migrated._version() == before
    (tmp_path / "cameras" / "migrations" / "0001_one_more.py").write_text("")
    with_one = migrated._version()
    assert with_one != before
    (tmp_path / "cameras" / "migrations" / "0001_one_more.py").write_text("# changed")
    assert migrated._version() not in {before, with_one}
