"""Celery is the doorbell: it tells a worker to look at its job rows, and may lose, double or delay the message."""

import os
from typing import Any

from celery import Celery, bootsteps
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("tresen")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def keep_settings_of_django(**kwargs: Any) -> None:
    """With a receiver here Celery leaves the logs as `LOGGING` has them."""


class AskYourself(bootsteps.StartStopStep):
    """Every worker rings for itself now and then: without any beat, work is done a little later and no less."""

    requires = ("celery.worker.consumer.tasks:Tasks",)
    pause = 30.0  # seconds
    timer: Any = None

    def start(self, consumer: Any) -> None:
        from portal.jobs.bell import bell  # noqa: PLC0415 - needs Django's settings, which need this module

        self.timer = consumer.timer.call_repeatedly(self.pause, bell.ring, kwargs={"by": "worker"})

    def stop(self, consumer: Any) -> None:
        if self.timer:
            self.timer.cancel()


app.steps["consumer"].add(AskYourself)
