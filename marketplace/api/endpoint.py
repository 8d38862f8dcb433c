"""From a request to its answer: who calls, how often, whether it was asked before; and the line in the sync log."""

import json
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from uuid import UUID, uuid4

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone, translation
from django.views.decorators.csrf import csrf_exempt

from bookings.actions import ActionIdReused
from marketplace import actions
from marketplace.actions import answering
from marketplace.api import limits, reading
from marketplace.api.errors import (
    Answer,
    Problem,
    bad_request,
    unauthorized,
    unavailable,
    unexpected,
    unprocessable,
    wrong_method,
)
from marketplace.selectors.calling import Caller, caller
from portal.access import public

logger = logging.getLogger(__name__)

WHY_PUBLIC = "the marketplace proves itself by its client secret"
REUSED, REUSED_REASON = "idempotencyFailed", "keyUsedForAnotherRequest"
# What is answered again under the same key; everything else can be tried again with it.
KEPT = frozenset({200, 201, 404, 422})


@dataclass
class Call:
    """One call of a marketplace that proved itself. What a handler finds out goes into the log."""

    request: HttpRequest
    caller: Caller
    now: datetime
    action_id: UUID
    subject: str
    session_id: int | None = None
    booking_ref: str = ""
    # What the log keeps instead of the body that came, or the one that was answered.
    request_words: str | None = None
    answer_words: str | None = None


Handler = Callable[..., Answer]


@dataclass(frozen=True)
class Endpoint:
    """What one method of an address does. `subject`: its word in the log."""

    subject: str
    handle: Handler
    writes: bool = False
    # A member looks at the studio: everything is compared at once (I5).
    is_visit: bool = False
    # What is sent names a person: nothing of it is kept in the log, however the call ends.
    personal: bool = False


def answers(**endpoints: Endpoint) -> Callable[..., HttpResponseBase]:
    """The view of an address, by method. Answers JSON, whatever happens."""
    allowed = ", ".join(endpoints)

    @csrf_exempt
    @public(WHY_PUBLIC)
    def view(request: HttpRequest, **words: str) -> HttpResponse:
        method = "GET" if request.method == "HEAD" else request.method or ""
        # The language of the process is whichever a page had last; mails and texts have their own.
        translation.activate("en")
        if method not in endpoints:
            return response(wrong_method(allowed).answer)
        return _Run(request, endpoints[method]).answer(words)

    return view


def response(answer: Answer) -> HttpResponse:
    headers = {"Cache-Control": "no-store", **answer.headers}
    return HttpResponse(answer.text, status=answer.status, content_type="application/json", headers=headers)


@dataclass
class _Run:
    """One request on its way through. `call` None: nobody has proved themselves yet."""

    request: HttpRequest
    endpoint: Endpoint
    began: float = field(default_factory=time.perf_counter)
    now: datetime = field(default_factory=timezone.now)
    call: Call | None = None

    def answer(self, words: Mapping[str, str]) -> HttpResponse:
        try:
            return self._answer(words)
        except Problem as problem:
            return self._failed(problem)
        except (OperationalError, InterfaceError) as error:
            logger.warning("api unavailable", extra={"error": type(error).__name__})
            return self._failed(unavailable())
        except Exception:
            logger.exception("api call failed")
            return self._failed(unexpected())

    def _answer(self, words: Mapping[str, str]) -> HttpResponse:
        _check_size(self.request)
        self.call = call = self._known()
        key = reading.key_of(self.request) if self.endpoint.writes else None
        # What is done is a transaction of its own: all that is written about it holds up nobody else at the studio.
        answer = self._done(call, words) if key is None else self._once(call, key, words)
        self._note(call, answer)
        if self.endpoint.is_visit:
            actions.ask_for_visit(call.caller.connection, now=call.now)
        return response(answer)

    def _known(self) -> Call:
        """Who calls. Raises Problem."""
        client_id, secret, place = reading.proof(self.request)
        found = caller(client_id, secret, place, now=self.now)
        if found is None:
            limits.count_wrong_proof(self.request)
            raise unauthorized(f"{reading.CLIENT} or {reading.SECRET} is invalid", "client")
        words = "" if self.endpoint.personal else None
        call = Call(self.request, found, self.now, uuid4(), self.endpoint.subject, request_words=words)
        self.call = call
        limits.count_call(client_id)
        if found.location_id is None:
            raise unauthorized(f"{reading.LOCATION} is invalid", "location")
        return call

    def _once(self, call: Call, key: str, words: Mapping[str, str]) -> Answer:
        """Do it; or give the answer of the first time."""
        connection, fingerprint = call.caller.connection, _fingerprint(self.request, call.caller)
        with answering.one_at_a_time(connection, key):
            given = answering.begin_answer(connection, key, fingerprint, now=call.now)
            if given.is_other:
                raise _reused()
            if given.answer is None:
                return self._first(call, given, words)
        call.answer_words = "the answer of the first time"
        status, text = given.answer
        return Answer(status, json.loads(text), {"Idempotent-Replayed": "true"})

    def _first(self, call: Call, given: answering.Given, words: Mapping[str, str]) -> Answer:
        """Do it, or what is left of it by one who was killed; and keep the answer."""
        call.action_id = given.action_id
        try:
            answer = self._done(call, words)
        except Problem as problem:
            if problem.answer.status < 500:  # not understood: nothing was done
                answering.forget_answer(given)
            raise
        answering.keep_answer(given, answer.status, answer.text)
        return answer

    def _done(self, call: Call, words: Mapping[str, str]) -> Answer:
        """What is refused is an answer, too."""
        try:
            return self.endpoint.handle(call, **words)
        except ActionIdReused:
            raise _reused() from None
        except Problem as problem:
            if problem.answer.status not in KEPT:
                raise
            return problem.answer

    def _failed(self, problem: Problem) -> HttpResponse:
        if self.call is not None and problem.is_noted:
            with suppress(OperationalError, InterfaceError):  # the database may be why it failed
                self._note(self.call, problem.answer)
        return response(problem.answer)

    def _note(self, call: Call, answer: Answer) -> None:
        request = self.request
        body = request.body.decode(errors="replace") if request.method == "POST" else ""
        answering.note_heard(
            call.caller.connection,
            answering.Heard(
                subject=call.subject,
                method=request.method or "",
                path=request.get_full_path(),
                at=call.now,
                milliseconds=round((time.perf_counter() - self.began) * 1000),
                status=answer.status,
                reason=answer.reason,
                session_id=call.session_id,
                booking_ref=call.booking_ref,
                request=body if call.request_words is None else call.request_words,
                answer=answer.text if call.answer_words is None else call.answer_words,
            ),
        )


def _check_size(request: HttpRequest) -> None:
    """Raises Problem for what no call has a use for."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or int(length) > reading.LARGEST_BODY:
        raise bad_request({"body": "tooLarge"})
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise bad_request({"Content-Encoding": "notSupported"})


def _fingerprint(request: HttpRequest, by: Caller) -> str:
    query = sorted(pair for name, values in request.GET.lists() for pair in ((name, value) for value in values))
    parts = [request.method or "", request.path, repr(query), by.place]
    return sha256("\n".join(parts).encode(errors="surrogatepass") + b"\n" + request.body).hexdigest()


def _reused() -> Problem:
    message = f"The {reading.KEY} was sent with another request before"
    return unprocessable(REUSED, REUSED_REASON, message)
