"""The addresses of Tresen and some that fail with a person's data at hand."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from config.urls import handler500
from config.urls import urlpatterns as real
from portal.models import Member

__all__ = ["handler500"]


def boom(request: HttpRequest, name: str) -> HttpResponse:
    member = Member.objects.get(last_name=name)
    secret = member.email
    raise ValueError(f"no place for {member.name} {secret} {member.phone}")


urlpatterns = [*real, path("boom/<str:name>/", boom, name="boom")]
