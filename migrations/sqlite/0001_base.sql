-- Everything duban keeps. Instants are UTC, whole seconds. The same tables as in the other folder.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
) STRICT;

-- The catalogue: an append-only table of versioned documents (JSON).
CREATE TABLE catalogue_version (
    version      INTEGER PRIMARY KEY NOT NULL,
    effective_on TEXT NOT NULL,
    applied_at   TEXT NOT NULL,
    by_post      TEXT NOT NULL,
    document     TEXT NOT NULL
) STRICT;

CREATE TABLE unit (
    name      TEXT PRIMARY KEY NOT NULL,
    position  INTEGER NOT NULL,
    kind      TEXT NOT NULL,
    unit_groups TEXT NOT NULL,
    joined_on TEXT,
    left_on   TEXT
) STRICT;

-- A post's holders one after another: people change, posts stay.
CREATE TABLE post_holder (
    id               INTEGER PRIMARY KEY NOT NULL,
    unit             TEXT NOT NULL,
    role             TEXT NOT NULL,
    holder           TEXT NOT NULL,
    address          TEXT NOT NULL,
    stand_in_address TEXT,
    stand_in_from    TEXT,
    stand_in_until   TEXT,
    from_on          TEXT NOT NULL,
    recorded_at      TEXT NOT NULL
) STRICT;
CREATE INDEX post_holder_post ON post_holder (unit, role, from_on);

CREATE TABLE calendar_day (
    day    TEXT PRIMARY KEY NOT NULL,
    name   TEXT NOT NULL,
    kind   TEXT NOT NULL,
    status TEXT NOT NULL
) STRICT;

-- Windows that the office opens by hand.
CREATE TABLE node_window (
    id        TEXT PRIMARY KEY NOT NULL,
    name      TEXT NOT NULL,
    first_on  TEXT NOT NULL,
    last_on   TEXT NOT NULL,
    opened_at TEXT NOT NULL,
    closed_at TEXT
) STRICT;

CREATE TABLE event (
    id         TEXT PRIMARY KEY NOT NULL,
    event_type TEXT NOT NULL,
    at         TEXT NOT NULL,
    place      TEXT NOT NULL,
    units      TEXT NOT NULL,
    opened_at  TEXT NOT NULL,
    closed_at  TEXT,
    false_alarm INTEGER NOT NULL DEFAULT 0 CHECK (false_alarm IN (0, 1))
) STRICT;

CREATE TABLE obligation (
    id            INTEGER PRIMARY KEY NOT NULL,
    revision      INTEGER NOT NULL,
    catalogue     INTEGER NOT NULL,
    duty          TEXT NOT NULL,
    form          TEXT NOT NULL,
    owner         TEXT NOT NULL,
    owners        TEXT NOT NULL,
    joint         INTEGER NOT NULL CHECK (joint IN (0, 1)),
    series        TEXT NOT NULL,
    period        TEXT NOT NULL,
    opens_at      TEXT NOT NULL,
    period_end    TEXT NOT NULL,
    due_at        TEXT NOT NULL,
    first_due_at  TEXT NOT NULL,
    due_on        TEXT NOT NULL,
    phase         TEXT NOT NULL,
    reminded      INTEGER NOT NULL DEFAULT 0 CHECK (reminded IN (0, 1)),
    late          INTEGER NOT NULL DEFAULT 0 CHECK (late IN (0, 1)),
    returned_late INTEGER CHECK (returned_late IN (0, 1)),
    missed_at     TEXT,
    unreminded    INTEGER NOT NULL DEFAULT 0 CHECK (unreminded IN (0, 1)),
    confirmed     INTEGER NOT NULL DEFAULT 0 CHECK (confirmed IN (0, 1)),
    filed_at      TEXT,
    closed_at     TEXT,
    accepted_at   TEXT,
    streak        INTEGER,
    round         INTEGER NOT NULL DEFAULT 0,
    chased_at     TEXT,
    supervised_at TEXT,
    proposed_at   TEXT,
    armed_at      TEXT NOT NULL,
    settled_to    TEXT NOT NULL,
    next_at       TEXT,
    log_head      TEXT NOT NULL DEFAULT '',
    UNIQUE (duty, owner, period)
) STRICT;
CREATE INDEX obligation_next ON obligation (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX obligation_series ON obligation (series, opens_at);
-- What the digest tells once a day.
CREATE INDEX obligation_missed ON obligation (missed_at) WHERE missed_at IS NOT NULL;
CREATE INDEX obligation_filed ON obligation (filed_at) WHERE filed_at IS NOT NULL;
-- What is not settled for good: what people look at every day.
CREATE INDEX obligation_live ON obligation (phase, due_at)
    WHERE phase IN ('open', 'returned', 'missed', 'waiting');
CREATE INDEX obligation_live_owner ON obligation (owner, phase)
    WHERE phase IN ('scheduled', 'open', 'returned', 'missed', 'waiting');
-- The ledger, page by page: all of it, a unit's, a duty's.
CREATE INDEX obligation_day ON obligation (due_on, id);
CREATE INDEX obligation_owner_day ON obligation (owner, due_on, id);
CREATE INDEX obligation_duty_day ON obligation (duty, due_on, id);

-- One act, filed once; it may count for several obligations.
CREATE TABLE submission (
    id          TEXT PRIMARY KEY NOT NULL,
    unit        TEXT NOT NULL,
    by_post     TEXT NOT NULL,
    acted_on    TEXT NOT NULL,
    received_at TEXT NOT NULL,
    items       TEXT NOT NULL,
    note        TEXT NOT NULL,
    withdrawn_at TEXT
) STRICT;

CREATE TABLE submission_for (
    submission  TEXT NOT NULL REFERENCES submission (id),
    obligation  INTEGER NOT NULL REFERENCES obligation (id),
    returned_at TEXT,
    PRIMARY KEY (submission, obligation)
) STRICT;
CREATE INDEX submission_for_obligation ON submission_for (obligation);

CREATE TABLE evidence (
    submission TEXT NOT NULL REFERENCES submission (id),
    position   INTEGER NOT NULL,
    sha256     TEXT NOT NULL,
    name       TEXT NOT NULL,
    size       INTEGER NOT NULL,
    erased_at  TEXT,
    PRIMARY KEY (submission, position)
) STRICT;
CREATE INDEX evidence_hash ON evidence (sha256);

-- What a unit asked for and the office decides: extensions and disputes.
CREATE TABLE request (
    id          TEXT PRIMARY KEY NOT NULL,
    obligation  INTEGER NOT NULL REFERENCES obligation (id),
    kind        TEXT NOT NULL,
    by_post     TEXT NOT NULL,
    asked_at    TEXT NOT NULL,
    reason      TEXT NOT NULL,
    until_at    TEXT,
    decided_at  TEXT,
    decided_by  TEXT,
    granted     INTEGER CHECK (granted IN (0, 1)),
    answer      TEXT
) STRICT;
CREATE INDEX request_obligation ON request (obligation);
CREATE INDEX request_pending ON request (asked_at) WHERE decided_at IS NULL;

-- One obligation, one step, one recipient. Written with the step; a letter takes it up.
CREATE TABLE notice (
    id         INTEGER PRIMARY KEY NOT NULL,
    obligation INTEGER NOT NULL REFERENCES obligation (id),
    round      INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    at         TEXT NOT NULL,
    unit       TEXT NOT NULL,
    role       TEXT NOT NULL,
    created_at TEXT NOT NULL,
    letter     INTEGER,
    error      TEXT,
    UNIQUE (obligation, round, kind, at, unit, role)
) STRICT;
CREATE INDEX notice_unwritten ON notice (created_at) WHERE letter IS NULL AND error IS NULL;
CREATE INDEX notice_letter ON notice (letter);

-- The outbox: one Message-ID and one body for life. The body stands apart, so that claims and marks do not write it anew.
CREATE TABLE letter (
    id          INTEGER PRIMARY KEY NOT NULL,
    message_id  TEXT NOT NULL UNIQUE,
    slot_key    TEXT NOT NULL UNIQUE,
    kind        TEXT NOT NULL,
    urgent      INTEGER NOT NULL CHECK (urgent IN (0, 1)),
    posts       TEXT NOT NULL,
    address     TEXT NOT NULL,
    subject     TEXT NOT NULL,
    written_at  TEXT NOT NULL,
    state       TEXT NOT NULL,
    attempts    INTEGER NOT NULL DEFAULT 0,
    unknowns    INTEGER NOT NULL DEFAULT 0,
    next_try_at TEXT,
    lease_owner TEXT,
    lease_until TEXT,
    tried_at    TEXT,
    sent_at     TEXT,
    reply       TEXT
) STRICT;
CREATE INDEX letter_queue ON letter (urgent DESC, next_try_at, id) WHERE next_try_at IS NOT NULL;
CREATE INDEX letter_written ON letter (written_at);
CREATE INDEX letter_undelivered ON letter (written_at) WHERE state IN ('refused', 'given_up', 'failed');

CREATE TABLE letter_body (
    letter    INTEGER PRIMARY KEY NOT NULL REFERENCES letter (id),
    body_text TEXT NOT NULL,
    body_html TEXT NOT NULL
) STRICT;

-- Append-only. Each obligation's entries are hash-chained; a seal chains all entries that came since the last one.
CREATE TABLE log (
    id         INTEGER PRIMARY KEY NOT NULL,
    obligation INTEGER,
    at         TEXT NOT NULL,
    by_post    TEXT NOT NULL,
    action     TEXT NOT NULL,
    detail     TEXT NOT NULL,
    hash       TEXT NOT NULL,
    seal       INTEGER
) STRICT;
CREATE INDEX log_obligation ON log (obligation, id);
CREATE INDEX log_unsealed ON log (id) WHERE seal IS NULL;

CREATE TABLE seal (
    id      INTEGER PRIMARY KEY NOT NULL,
    at      TEXT NOT NULL,
    entries INTEGER NOT NULL,
    hash    TEXT NOT NULL
) STRICT;

CREATE TABLE run (
    id          INTEGER PRIMARY KEY NOT NULL,
    job         TEXT NOT NULL,
    started_at  TEXT NOT NULL,
    finished_at TEXT NOT NULL,
    summary     TEXT NOT NULL,
    error       TEXT
) STRICT;
CREATE INDEX run_job ON run (job, id);

-- A row that could not be worked on: recorded, backed off, shown; the pass goes on.
CREATE TABLE trouble (
    subject    TEXT PRIMARY KEY NOT NULL,
    first_at   TEXT NOT NULL,
    last_at    TEXT NOT NULL,
    failures   INTEGER NOT NULL,
    words      TEXT NOT NULL
) STRICT;

-- How many obligations there are of each kind, kept by the transactions that change them, so that a board costs what is
-- shown and not what is stored. By the month of the first deadline, the phase first: what is live stands together.
CREATE TABLE tally_month (
    phase  TEXT NOT NULL,
    month  TEXT NOT NULL,
    owners TEXT NOT NULL,
    duty   TEXT NOT NULL,
    light  TEXT NOT NULL,
    n      INTEGER NOT NULL,
    PRIMARY KEY (phase, month, owners, duty, light)
) STRICT, WITHOUT ROWID;

-- The same by the day of the first deadline, for each unit and for each duty.
CREATE TABLE tally_day (
    subject TEXT NOT NULL,
    day     TEXT NOT NULL,
    phase   TEXT NOT NULL,
    light   TEXT NOT NULL,
    n       INTEGER NOT NULL,
    PRIMARY KEY (subject, day, phase, light)
) STRICT, WITHOUT ROWID;
