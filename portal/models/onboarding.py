from django.db import models

from portal.models.people import StaffLogin
from portal.models.studio import Studio


class Onboarding(models.Model):
    """How far a new studio is. What is done is read from the studio itself; here stands what was decided.

    Left and resumed at any time: nothing but the choices below is kept.
    """

    studio = models.OneToOneField(Studio, models.CASCADE, primary_key=True, related_name="onboarding")
    begun_at = models.DateTimeField()
    # Words of the steps that were passed over, or that only a person can call done ("training").
    skipped = models.JSONField(default=list)
    done = models.JSONField(default=list)
    dismissed_at = models.DateTimeField(null=True)
    dismissed_by = models.ForeignKey(StaffLogin, models.SET_NULL, null=True, related_name="+")

    def __str__(self) -> str:
        return f"{self.studio_id}"
