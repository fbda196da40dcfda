"""The migrated database that tests begin with is made anew for other migrations."""

from __future__ import annotations

import shutil

from soc.ops import migrated
from soc.ops.paths import CHECKOUT


def test_another_migration_asks_for_another_folder(tmp_path, monkeypatch):
    for app in migrated.APPS:
        only = shutil.ignore_patterns("*.onnx", "*.pyc", "*.mp4")
        shutil.copytree(CHECKOUT / app, tmp_path / app, ignore=only)
    shutil.copy(CHECKOUT / "requirements.txt", tmp_path)
    monkeypatch.setattr(migrated, "CHECKOUT", tmp_path)
    before = migrated._version()
    assert migrated._version() == before
    (tmp_path / "cameras" / "migrations" / "9999_one_more.py").write_text("")
    with_one = migrated._version()
    assert with_one != before
    (tmp_path / "cameras" / "migrations" / "9999_one_more.py").write_text("# changed")
    assert migrated._version() not in {before, with_one}
