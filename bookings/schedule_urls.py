"""Addresses of the schedule: the week, what is offered, rooms, and calendar feeds."""

from django.urls import path

from bookings.views import feeds, rooms, schedule, schedule_copy, schedule_files, schedule_items, schedule_sessions

urlpatterns = [
    path("schedule/", schedule.schedule, name="schedule"),
    path("schedule/schedule.<file_kind:file_kind>", schedule_files.schedule_file, name="schedule_file"),
    path("schedule/copy/", schedule_copy.copy_week, name="copy_week"),
    path("schedule/new/", schedule_items.item_new, name="item_new"),
    path("schedule/items/", schedule_items.items, name="items"),
    path("schedule/items/<int:item>/", schedule_items.item, name="item"),
    path("schedule/items/<int:item>/edit/", schedule_items.item_edit, name="item_edit"),
    path("schedule/items/<int:item>/dates/", schedule_items.item_dates, name="item_dates"),
    path("schedule/items/<int:item>/remove/", schedule_items.item_remove, name="item_remove"),
    path("schedule/items/<int:item>/restore/", schedule_items.item_restore, name="item_restore"),
    path("schedule/sessions/<int:session>/", schedule_sessions.session_edit, name="session_edit"),
    path("schedule/sessions/<int:session>/series/", schedule_sessions.series_edit, name="series_edit"),
    path("schedule/sessions/<int:session>/cancel/", schedule_sessions.session_cancel, name="session_cancel"),
    path("schedule/sessions/<int:session>/restore/", schedule_sessions.session_restore, name="session_restore"),
    path("schedule/sessions/<int:session>/remove/", schedule_sessions.session_remove, name="session_remove"),
    path("schedule/feeds/", feeds.feeds, name="feeds"),
    path("schedule/feeds/<int:feed>/revoke/", feeds.feed_revoke, name="feed_revoke"),
    path("feeds/<slug:secret>.ics", feeds.feed, name="feed"),
    path("rooms/", rooms.rooms, name="rooms"),
    path("rooms/<int:room>/", rooms.room, name="room"),
    path("rooms/<int:room>/remove/", rooms.room_remove, name="room_remove"),
    path("rooms/<int:room>/spots/", rooms.room_spots, name="room_spots"),
    path("rooms/<int:room>/order/", rooms.room_order, name="room_order"),
    path("rooms/<int:room>/spots/<int:spot>/block/", rooms.spot_block, name="spot_block"),
]
