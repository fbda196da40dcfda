"""Celery: the accelerator. Early ack, no results, no ETA, no retries: PostgreSQL decides what is owed."""

import os

from celery import Celery
from celery.signals import worker_process_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "soc.settings")

app = Celery("nightdesk")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    task_acks_late=False,
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
    task_serializer="json",
    accept_content=["json"],
    task_default_queue="respond",  # of all but detection, which names its host's
    task_publish_retry=False,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    # A dead broker must cost its caller milliseconds, not minutes.
    broker_transport_options={
        "socket_connect_timeout": 0.5,
        "socket_timeout": 5,
        "max_retries": 0,
        "visibility_timeout": 3600,
    },
    worker_hijack_root_logger=False,
    beat_schedule={"clear-sessions": {"task": "core.clear_sessions", "schedule": 3600.0}},
)
app.autodiscover_tasks()
# For every thread: shared tasks sent from a thread without it would go to Celery's own default broker.
app.set_default()


@worker_process_init.connect
def quiet_threads(**_: object) -> None:
    """One process per core already: OpenCV must not start a pool of its own in each."""
    import cv2

    cv2.setNumThreads(1)
