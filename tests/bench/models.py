"""The one row that a bare view inserts."""

from typing import ClassVar

from django.db import models


class Note(models.Model):
    words = models.CharField(max_length=100)
    at = models.DateTimeField()

    objects: ClassVar[models.Manager["Note"]] = models.Manager()

    class Meta:
        app_label = "bench"

    def __str__(self) -> str:
        return self.words
