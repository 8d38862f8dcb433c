"""Calendar feeds: made and revoked by who plans the schedule, read by calendar programs behind a secret address."""

from secrets import token_urlsafe

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from bookings import feeds as writing
from bookings.actions.feeds import create_feed, note_fetch, revoke_feed
from bookings.schedule_forms.feeds import FeedForm
from bookings.selectors.feed import entries_of, feed_behind, feeds_of
from portal.access import StudioRequest, locations_for, public, studio_view
from portal.roles import Right

SECRET_BYTES = 24


@public("calendar programs cannot log in; the address holds a secret of 192 bits that can be revoked")
@require_safe
def feed(request: HttpRequest, studio: str, secret: str) -> HttpResponseBase:
    """The timetable of one teacher or one location; a wrong or revoked secret is 404."""
    found = feed_behind(studio, secret)
    if found is None:
        raise Http404
    now = timezone.now()
    note_fetch(found, now=now)
    entries, name = entries_of(found, studio=found.studio, now=now), f"{found.studio.name}: {found}"
    tag = writing.etag(name, entries)
    answer = get_conditional_response(request, etag=tag)
    if answer is None:
        answer = HttpResponse(writing.calendar(name, entries), content_type="text/calendar; charset=utf-8")
        answer.headers["Content-Disposition"] = 'inline; filename="schedule.ics"'
    answer.headers["ETag"] = tag
    answer.headers["X-Robots-Tag"] = "noindex"
    patch_cache_control(answer, private=True, no_cache=True)
    return answer


@studio_view(Right.MANAGE_SCHEDULE, post=Right.MANAGE_SCHEDULE)
@require_http_methods(["GET", "HEAD", "POST"])
def feeds(request: StudioRequest) -> HttpResponse:
    """The feeds there are; a POST makes one, and its answer is the only page that ever shows the address."""
    form = FeedForm(request.POST if request.method == "POST" else None, login=request.login)
    context: dict[str, object] = {}
    status = 200
    if form.is_bound and form.is_valid():
        secret = token_urlsafe(SECRET_BYTES)
        made = create_feed(request.studio, secret=secret, by=request.login, now=timezone.now(), **form.whose)
        path = reverse("bookings:feed", args=[request.studio.slug, secret])
        context |= {"made": made, "address": request.build_absolute_uri(path)}
        form = FeedForm(login=request.login)
    elif form.is_bound:
        status = 422
    places = locations_for(request.login)
    context |= {"form": form, "feeds": feeds_of(request.login, places), "zone": places[0].zone if places else "UTC"}
    return render(request, "bookings/schedule_feeds.html", context, status=status)


@studio_view(Right.MANAGE_SCHEDULE)
@require_POST
def feed_revoke(request: StudioRequest, feed: int) -> HttpResponse:
    """Close the address at once, for whoever has it."""
    seen = {one.pk for one in feeds_of(request.login, locations_for(request.login))}
    found = get_object_or_404(request.studio.feeds.filter(pk__in=seen), pk=feed)
    revoke_feed(found, by=request.login, now=timezone.now())
    messages.success(
        request, _("The feed of %(name)s is closed. Its address answers nobody any more.") % {"name": found}
    )
    return redirect("bookings:feeds", request.studio.slug)
