"""The studio's reviews."""

from django.urls import URLPattern, path

import bookings.urls  # noqa: F401 (its converter: kinds of files)
from reviews.views import listing, method, profile, review

urlpatterns: list[URLPattern] = [
    path("reviews/", listing.reviews, name="reviews"),
    path("reviews/reviews.<file_kind:file_kind>", listing.reviews_file, name="reviews_file"),
    path("reviews/method/", method.method, name="method"),
    path("reviews/<int:review>/", review.review, name="review"),
    path("reviews/<int:review>/withdraw/", review.review_withdraw, name="review_withdraw"),
    path("reviews/<int:review>/report/", review.review_report, name="review_report"),
    path("members/<int:member>/reviews/", profile.member_reviews, name="member_reviews"),
]
