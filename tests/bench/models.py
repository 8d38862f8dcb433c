"""The one row that a bare view inserts."""

from django.db import models


class Note(models.Model):
    words = models.CharField(max_length=100)
    at = models.DateTimeField()

    class Meta:
        app_label = "bench"

    def __str__(self) -> str:
        return self.words
