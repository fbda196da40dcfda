"""The Dockerfile is sound, as far as that can be told without an engine."""

from __future__ import annotations

import shutil

import pytest

from soc.ops.dockercheck import check, command, play
from soc.ops.paths import CHECKOUT


def test_the_dockerfile_is_clean():
    assert list(check(CHECKOUT)) == []


def test_its_steps_copy_what_the_processes_need(tmp_path):
    env = play(CHECKOUT, tmp_path, run=False)
    app = tmp_path / "app"
    assert (app / "manage.py").exists()
    assert (app / "soc" / "ops" / "process.py").exists()
    assert (app / "requirements.txt").exists()
    assert not (app / "tests").exists()
    assert command(CHECKOUT, tmp_path)[0] == str(app / ".venv" / "bin" / "python")
    assert env["NIGHTDESK_VAR"] == str(tmp_path / "var/lib/nightdesk")


@pytest.mark.parametrize(
    ("was", "planted", "complaint"),
    [
        ("FROM python:3.11-slim-bookworm", "FROM registry.example.org/python:3.11", "plain name with a tag"),
        ("USER 10001:10001", "USER root", "runs as root"),
        ("COPY soc soc", "COPY sock soc", "does not exist"),
        ("COPY soc soc", "COPY tests tests", "leaves out"),
        ('CMD ["all"]', "CMD all", "JSON list"),
        ("RUN mkdir", "RUN (mkdir", "yntax"),
        ("EXPOSE 8000", "ENV MIRROR=https://example.org/simple", "address"),
    ],
)
def test_a_broken_step_is_found(tmp_path, was, planted, complaint):
    for name in ("soc", "cameras", "incidents", "responses", "templates", "static", "tests"):
        (tmp_path / name).mkdir()
    for name in ("requirements.txt", "requirements-bootstrap.txt", "manage.py", ".dockerignore"):
        shutil.copy(CHECKOUT / name, tmp_path)
    text = (CHECKOUT / "Dockerfile").read_text()
    assert was in text
    (tmp_path / "Dockerfile").write_text(text.replace(was, planted))
    assert any(complaint in found for found in check(tmp_path)), list(check(tmp_path))
