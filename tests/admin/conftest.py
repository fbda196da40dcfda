from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from soc.core.models import User
from tests import factories as make


@pytest.fixture
def root(db) -> User:
    """The superuser."""
    return make.make_user("root", is_staff=True, is_superuser=True)


@pytest.fixture
def other_admin(other_organisation) -> User:
    return make.make_user("olga", "admin", other_organisation, is_staff=True)


@pytest.fixture
def as_() -> Callable[[User], Client]:
    """A browser that somebody is logged in to."""

    def log_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return log_in


@pytest.fixture
def url() -> Callable[..., str]:
    """The address of an admin page: url(obj or model, "change")."""

    def find(what: Any, page: str) -> str:
        pk = [what.pk] if not isinstance(what, type) else []
        return reverse(f"admin:{what._meta.app_label}_{what._meta.model_name}_{page}", args=pk)

    return find


def fields_of(answer: Any) -> dict[str, Any]:
    """What the page's form would send if nothing were typed, inlines included."""
    data: dict[str, Any] = {}
    forms = [answer.context["adminform"].form]
    for inline in answer.context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    for form in forms:
        for name in form.fields:
            bound = form[name]
            value = bound.value()
            if value is None or value is False:
                continue
            data[bound.html_name] = value if not isinstance(value, list) else [str(v) for v in value]
    return {name: getattr(value, "isoformat", lambda v=value: v)() for name, value in data.items()}
