"""Celery is the doorbell: it tells a worker to look at its job rows, and may lose, double or delay the message."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("tresen")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
