"""Members: the list, profiles, and what changes them."""

from django.urls import path

from bookings.views import (
    member,
    member_data,
    member_edit,
    member_files,
    member_merge,
    member_notes,
    member_photo,
    member_search,
    members,
)

urlpatterns = [
    path("members/", members.members, name="members"),
    path("members/members.<file_kind:file_kind>", members.members_file, name="members_file"),
    path("members/search/", member_search.member_search, name="member_search"),
    path("members/new/", members.member_new, name="member_new"),
    path("members/duplicates/", members.member_duplicates, name="member_duplicates"),
    path("members/duplicates/<int:suggestion>/", member_merge.member_two_people, name="member_two_people"),
    path("members/<int:member>/", member.member, name="member"),
    path("members/<int:member>/attendance.<file_kind:file_kind>", member_files.member_file, name="member_file"),
    path("members/<int:member>/bookings/", member.member_bookings, name="member_bookings"),
    path("members/<int:member>/notes/", member_notes.member_notes, name="member_notes"),
    path("members/<int:member>/notes/<int:member_note>/", member_notes.member_note_done, name="member_note_done"),
    path("members/<int:member>/log/", member.member_log, name="member_log"),
    path("members/<int:member>/data/", member_data.member_data, name="member_data"),
    path("members/<int:member>/data/export.zip", member_data.member_export, name="member_export"),
    path("members/<int:member>/edit/", member_edit.member_edit, name="member_edit"),
    path("members/<int:member>/block/", member_edit.member_block, name="member_block"),
    path("members/<int:member>/photo/", member_photo.member_photo, name="member_photo"),
    path("members/<int:member>/photo/change/", member_edit.member_photo_change, name="member_photo_change"),
    path("members/<int:member>/merge/", member_merge.member_merge_with, name="member_merge_with"),
    path("members/<int:member>/merge/<int:other>/", member_merge.member_merge, name="member_merge"),
    path("members/<int:member>/merges/<int:merge>/undo/", member_merge.member_merge_undo, name="member_merge_undo"),
]
