"""Administrators' history: every change of the settings that people are protected by, kept by triggers in the database."""

from __future__ import annotations

from typing import Any, Final

import pghistory
from django.db import models
from django.http import HttpRequest
from pghistory.middleware import HistoryMiddleware

MACHINES: Final = "/api/signals"


def keep_history(model: type[models.Model], fields: list[str]) -> Any:
    """Make the event model `<Model>History`, which gets a row for each insert, change and removal.

    A change counts when one of `fields` changed, so what the product itself writes (frames, leases, last seen) makes
    none. Secrets are not named in `fields`: they have no history. Called once, from the models module of the app.
    """
    return pghistory.create_event_model(
        model,
        pghistory.InsertEvent(),
        pghistory.UpdateEvent(),
        pghistory.DeleteEvent(),
        fields=fields,
        model_name=f"{model.__name__}History",
        abstract=False,
        # Kept by time and by whose it was; rows may be blanked by an erasure, so they are not append-only.
        meta={"indexes": [models.Index(fields=["pgh_obj", "pgh_id"], name=f"{model.__name__.lower()}_history")]},
    )


class HistoryOfPeople(HistoryMiddleware):
    """Notes with each change whose request it was in. A machine's report is nobody's and changes no setting: to tell every
    statement of it so would cost an alarm as much as what it writes.
    """

    def __call__(self, request: HttpRequest) -> Any:
        return self.get_response(request) if request.path == MACHINES else super().__call__(request)
