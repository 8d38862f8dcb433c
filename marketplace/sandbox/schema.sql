CREATE TABLE IF NOT EXISTS member (
    id TEXT PRIMARY KEY,
    first_name TEXT NOT NULL,
    last_name TEXT NOT NULL,
    email TEXT NOT NULL,
    exerciser_id TEXT NOT NULL DEFAULT ''  -- what the studio calls them
);

-- Our own copy of the timetable: as we were told, or as we found it when we asked.
CREATE TABLE IF NOT EXISTS class (
    id TEXT PRIMARY KEY,
    location TEXT NOT NULL DEFAULT '',
    name TEXT NOT NULL DEFAULT '',
    kind TEXT NOT NULL DEFAULT '',
    description TEXT NOT NULL DEFAULT '',
    room TEXT NOT NULL DEFAULT '',
    instructor TEXT NOT NULL DEFAULT '',
    starts_at TEXT NOT NULL DEFAULT '',
    ends_at TEXT NOT NULL DEFAULT '',
    free_until TEXT NOT NULL DEFAULT '',
    capacity INTEGER,
    booked INTEGER,
    free INTEGER,
    stand TEXT NOT NULL DEFAULT 'on',  -- on, held, cancelled, withdrawn
    source TEXT NOT NULL,              -- message, pull
    told_at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS class_start ON class (starts_at);

CREATE TABLE IF NOT EXISTS booking (
    id TEXT PRIMARY KEY,
    member_id TEXT NOT NULL REFERENCES member (id),
    class_id TEXT NOT NULL,
    state TEXT NOT NULL,  -- asked, booked, waiting, refused, cancelled, late_cancelled, cancelled_by_studio
    asked_at TEXT NOT NULL,
    answered_at TEXT NOT NULL DEFAULT '',
    reason TEXT NOT NULL DEFAULT '',
    free_until TEXT NOT NULL DEFAULT '',
    cancelled_at TEXT NOT NULL DEFAULT '',
    late_rule TEXT NOT NULL DEFAULT '',  -- whose rule said whether it was late
    spot TEXT NOT NULL DEFAULT '',
    additional INTEGER NOT NULL DEFAULT 0,  -- a second visit on one day, which we pay as such
    checked_in_at TEXT NOT NULL DEFAULT '',
    attendance TEXT NOT NULL DEFAULT '',     -- what the studio said last
    attendance_at TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS booking_member ON booking (member_id);
CREATE INDEX IF NOT EXISTS booking_class ON booking (class_id);

-- Everything that went over the wire, either way.
CREATE TABLE IF NOT EXISTS call (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    direction TEXT NOT NULL,  -- in, out
    what TEXT NOT NULL,
    sent TEXT NOT NULL,
    status INTEGER NOT NULL,  -- 0: no answer
    answer TEXT NOT NULL,
    took INTEGER NOT NULL,    -- milliseconds
    note TEXT NOT NULL
);

-- Messages on their way to the studio.
CREATE TABLE IF NOT EXISTS message (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    booking_id TEXT NOT NULL,
    body TEXT NOT NULL,
    due_at REAL NOT NULL,  -- Unix time
    tries INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL DEFAULT 'waiting'  -- waiting, sent, dropped, refused, given up
);
CREATE INDEX IF NOT EXISTS message_due ON message (state, due_at);

CREATE TABLE IF NOT EXISTS heard (id TEXT PRIMARY KEY);

CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
