"""What people are told by mail, how each of them wants it, and the mails of an installation without a mail server."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from portal.models.people import StaffLogin
from portal.models.studio import Studio


class NoticeChoice(models.Model):
    """How one person wants to hear of one kind of news. No row: as the kind says for the login's preset."""

    class How(models.TextChoices):
        OFF = "off", _("Off")
        AT_ONCE = "at_once", _("At once")
        DIGEST = "digest", _("In the morning mail")

    login = models.ForeignKey(StaffLogin, models.CASCADE, related_name="notice_choices")
    kind = models.CharField(max_length=40)
    how = models.CharField(max_length=10, choices=How)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["login", "kind"], name="one_choice_per_login_and_kind")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.how}"


class Notice(models.Model):
    """One piece of news that waits for its reader's next morning mail, or for a minute, for others of its kind.

    No word of it: the job of the key is asked what it says when the mail goes out (`portal.notices.saying`).
    """

    login = models.ForeignKey(StaffLogin, models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=40)
    # The job that brought it, and knows what it is about: a job that runs twice leaves one notice.
    key = models.CharField(max_length=200)
    occurred_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    # The job that tells it with others of its kind; empty: it waits for the morning.
    together = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        ordering: ClassVar[list[str]] = ["id"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["login", "key"], name="one_notice_per_login_and_key")
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["login"], condition=Q(sent_at__isnull=True), name="notice_to_send"),
        ]

    def __str__(self) -> str:
        return self.key


class DigestSent(models.Model):
    """That a login had the morning (or evening) mail of a local day: ten beats send one."""

    login = models.ForeignKey(StaffLogin, models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10)
    on = models.DateField()
    sent_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["login", "kind", "on"], name="one_digest_per_login_and_day")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.on}"


class KeptMail(models.Model):
    """A mail as it was sent, where no mail server is set up: `/mail/` shows it to the operator.

    In the database, not in files: web and worker may be on two machines.
    """

    message_id = models.CharField(max_length=200)
    sender = models.CharField(max_length=300)
    # Addresses with a comma between them.
    to = models.TextField()
    subject = models.CharField(max_length=500)
    text = models.TextField()
    html = models.TextField(blank=True)
    studio = models.ForeignKey(Studio, models.CASCADE, null=True, related_name="+")
    sent_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        indexes: ClassVar[list[Any]] = [models.Index(fields=["-sent_at"], name="kept_mail_by_time")]

    def __str__(self) -> str:
        return self.subject
