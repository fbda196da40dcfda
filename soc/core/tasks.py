from celery import shared_task
from django.contrib.sessions.backends.db import SessionStore

from soc.core import deliveries


@shared_task(name="core.deliver", ignore_result=True)
def deliver(delivery_id: int) -> None:
    deliveries.run(delivery_id)


@shared_task(name="core.clear_sessions", ignore_result=True)
def clear_sessions() -> None:
    SessionStore.clear_expired()
