-- A unit is not its name: it has an id, by which everything else speaks of it. Who owes an obligation, who is a member of
-- a group and whom an event concerns are rows. What is history (the log, who filed or asked, to whom a letter went) keeps
-- the name of its day.

-- Names that stand somewhere and not in the roster any more become units that are gone.
CREATE TABLE new_unit (
    id          INTEGER PRIMARY KEY NOT NULL,
    name        TEXT NOT NULL UNIQUE,
    position    INTEGER NOT NULL,
    kind        TEXT NOT NULL,
    joined_on   TEXT,
    left_on     TEXT,
    -- Why it leaves, until that is settled.
    leaves_for  TEXT
) STRICT;
INSERT INTO new_unit (name, position, kind, joined_on, left_on, leaves_for)
    SELECT name, position, kind, joined_on, left_on,
        (SELECT value FROM meta WHERE key = 'leaving/' || unit.name AND value <> '')
    FROM unit ORDER BY position, name;
DELETE FROM meta WHERE key LIKE 'leaving/%';

-- `a;b` of each row that has such a text, part by part.
CREATE TEMP TABLE part (source TEXT NOT NULL, of_row TEXT NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL);
WITH RECURSIVE
    listed (source, of_row, names) AS (
        SELECT 'group', name, unit_groups FROM unit
        UNION ALL SELECT 'groups', '', value FROM meta WHERE key = 'groups'
        UNION ALL SELECT 'event', id, units FROM event
        UNION ALL SELECT 'owners', CAST(id AS TEXT), owners FROM obligation),
    cut (source, of_row, position, name, rest) AS (
        SELECT source, of_row, -1, '', names || ';' FROM listed WHERE names <> ''
        UNION ALL
        SELECT source, of_row, position + 1, SUBSTR(rest, 1, INSTR(rest, ';') - 1), SUBSTR(rest, INSTR(rest, ';') + 1)
        FROM cut WHERE rest <> '')
    INSERT INTO part SELECT source, of_row, position, name FROM cut WHERE name <> '';
CREATE INDEX temp.part_row ON part (source, of_row);

INSERT INTO new_unit (name, position, kind, left_on)
    SELECT DISTINCT name, 1000000, '', '1970-01-01' FROM (
        SELECT name FROM part WHERE source IN ('event', 'owners')
        UNION SELECT unit FROM post_holder UNION SELECT unit FROM submission UNION SELECT unit FROM notice
        UNION SELECT unit FROM credential UNION SELECT unit FROM password)
    WHERE name NOT IN (SELECT name FROM unit) ORDER BY name;

CREATE TABLE roster_group (
    position INTEGER PRIMARY KEY NOT NULL,
    name     TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO roster_group (position, name) SELECT position, name FROM part WHERE source = 'groups';
DELETE FROM meta WHERE key = 'groups';

CREATE TABLE unit_group (
    unit     INTEGER NOT NULL REFERENCES unit (id),
    position INTEGER NOT NULL,
    name     TEXT NOT NULL,
    PRIMARY KEY (unit, position)
) STRICT, WITHOUT ROWID;
INSERT INTO unit_group (unit, position, name)
    SELECT new_unit.id, part.position, part.name FROM part JOIN new_unit ON new_unit.name = part.of_row
    WHERE part.source = 'group';

UPDATE meta SET value = (SELECT CAST(id AS TEXT) FROM new_unit WHERE name = meta.value) WHERE key = 'office';

DROP TABLE unit;
ALTER TABLE new_unit RENAME TO unit;

CREATE TABLE new_post_holder (
    id               INTEGER PRIMARY KEY NOT NULL,
    unit             INTEGER NOT NULL REFERENCES unit (id),
    role             TEXT NOT NULL,
    holder           TEXT NOT NULL,
    address          TEXT NOT NULL,
    stand_in_address TEXT,
    stand_in_from    TEXT,
    stand_in_until   TEXT,
    from_on          TEXT NOT NULL,
    recorded_at      TEXT NOT NULL
) STRICT;
INSERT INTO new_post_holder SELECT post_holder.id, unit.id, role, holder, address, stand_in_address, stand_in_from,
    stand_in_until, from_on, recorded_at FROM post_holder JOIN unit ON unit.name = post_holder.unit;
DROP TABLE post_holder;
ALTER TABLE new_post_holder RENAME TO post_holder;
CREATE INDEX post_holder_post ON post_holder (unit, role, from_on);

CREATE TABLE event_unit (
    event    TEXT NOT NULL REFERENCES event (id),
    position INTEGER NOT NULL,
    unit     INTEGER NOT NULL REFERENCES unit (id),
    PRIMARY KEY (event, position)
) STRICT, WITHOUT ROWID;
INSERT INTO event_unit SELECT part.of_row, part.position, unit.id FROM part JOIN unit ON unit.name = part.name
    WHERE part.source = 'event';
ALTER TABLE event DROP COLUMN units;

CREATE TABLE new_obligation (
    id            INTEGER PRIMARY KEY NOT NULL,
    revision      INTEGER NOT NULL,
    catalogue     INTEGER NOT NULL,
    duty          TEXT NOT NULL,
    form          TEXT NOT NULL,
    joint         INTEGER NOT NULL CHECK (joint IN (0, 1)),
    -- One duty, form and, where each owes their own, unit: `13.2/7`, `5.3/node/7`, `5.1`.
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
    UNIQUE (period, series)
) STRICT;
INSERT INTO new_obligation SELECT obligation.id, revision, catalogue, duty, form, joint,
    duty || CASE form WHEN 'node' THEN '/node' ELSE '' END || CASE owner WHEN '*' THEN '' ELSE '/' || unit.id END,
    period, opens_at, period_end, due_at, first_due_at, due_on, phase, reminded, late, returned_late, missed_at,
    unreminded, confirmed, filed_at, closed_at, accepted_at, streak, round, chased_at, supervised_at, proposed_at,
    armed_at, settled_to, next_at, log_head
    FROM obligation LEFT JOIN unit ON unit.name = obligation.owner ORDER BY obligation.id;
DROP TABLE obligation;
ALTER TABLE new_obligation RENAME TO obligation;
CREATE INDEX obligation_next ON obligation (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX obligation_series ON obligation (series, opens_at);
-- What the digest tells once a day.
CREATE INDEX obligation_missed ON obligation (missed_at) WHERE missed_at IS NOT NULL;
CREATE INDEX obligation_filed ON obligation (filed_at) WHERE filed_at IS NOT NULL;
-- What is not settled for good: what people look at every day.
CREATE INDEX obligation_live ON obligation (phase, due_at)
    WHERE phase IN ('open', 'returned', 'missed', 'waiting');
-- The ledger, page by page: all of it, a duty's.
CREATE INDEX obligation_day ON obligation (due_on, id);
CREATE INDEX obligation_duty_day ON obligation (duty, due_on, id);

-- Who owes it: one unit, or all owners of a joint one in the document's order. Its day and whether it is settled for
-- good stand here once more, so that a unit's own list and ledger walk an index.
CREATE TABLE obligation_owner (
    obligation INTEGER NOT NULL REFERENCES obligation (id),
    position   INTEGER NOT NULL,
    unit       INTEGER NOT NULL REFERENCES unit (id),
    due_on     TEXT NOT NULL,
    settled    INTEGER NOT NULL CHECK (settled IN (0, 1)),
    PRIMARY KEY (obligation, position)
) STRICT, WITHOUT ROWID;
INSERT INTO obligation_owner SELECT obligation.id, part.position, unit.id, obligation.due_on,
    obligation.phase IN ('done', 'lapsed', 'waived', 'withdrawn', 'upheld')
    FROM obligation JOIN part ON part.source = 'owners' AND part.of_row = CAST(obligation.id AS TEXT)
    JOIN unit ON unit.name = part.name ORDER BY obligation.id, part.position;
CREATE INDEX obligation_owner_day ON obligation_owner (unit, due_on, obligation);
CREATE INDEX obligation_owner_live ON obligation_owner (unit, obligation) WHERE NOT settled;

CREATE TABLE new_submission (
    id           TEXT PRIMARY KEY NOT NULL,
    unit         INTEGER NOT NULL REFERENCES unit (id),
    by_post      TEXT NOT NULL,
    acted_on     TEXT NOT NULL,
    received_at  TEXT NOT NULL,
    items        TEXT NOT NULL,
    note         TEXT NOT NULL,
    withdrawn_at TEXT
) STRICT;
INSERT INTO new_submission SELECT submission.id, unit.id, by_post, acted_on, received_at, items, note, withdrawn_at
    FROM submission JOIN unit ON unit.name = submission.unit ORDER BY submission.rowid;
DROP TABLE submission;
ALTER TABLE new_submission RENAME TO submission;
CREATE INDEX submission_unit ON submission (unit, received_at);

CREATE TABLE new_notice (
    id         INTEGER PRIMARY KEY NOT NULL,
    obligation INTEGER NOT NULL REFERENCES obligation (id),
    round      INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    at         TEXT NOT NULL,
    unit       INTEGER NOT NULL REFERENCES unit (id),
    role       TEXT NOT NULL,
    created_at TEXT NOT NULL,
    letter     INTEGER,
    error      TEXT,
    UNIQUE (obligation, round, kind, at, unit, role)
) STRICT;
INSERT INTO new_notice SELECT notice.id, obligation, round, notice.kind, at, unit.id, role, created_at, letter, error
    FROM notice JOIN unit ON unit.name = notice.unit ORDER BY notice.id;
DROP TABLE notice;
ALTER TABLE new_notice RENAME TO notice;
CREATE INDEX notice_unwritten ON notice (created_at) WHERE letter IS NULL AND error IS NULL;
CREATE INDEX notice_letter ON notice (letter);

CREATE TABLE new_credential (
    id         INTEGER PRIMARY KEY NOT NULL,
    kind       TEXT NOT NULL,
    hash       TEXT NOT NULL UNIQUE,
    unit       INTEGER NOT NULL REFERENCES unit (id),
    role       TEXT NOT NULL,
    how        TEXT NOT NULL,
    name       TEXT NOT NULL,
    scopes     TEXT NOT NULL,
    created_at TEXT NOT NULL,
    seen_at    TEXT NOT NULL,
    ends_at    TEXT,
    ended_at   TEXT
) STRICT;
INSERT INTO new_credential SELECT credential.id, credential.kind, hash, unit.id, role, how, credential.name, scopes,
    created_at, seen_at, ends_at, ended_at FROM credential JOIN unit ON unit.name = credential.unit;
DROP TABLE credential;
ALTER TABLE new_credential RENAME TO credential;
CREATE INDEX credential_post ON credential (unit, role, kind);

CREATE TABLE new_password (
    unit   INTEGER NOT NULL REFERENCES unit (id),
    role   TEXT NOT NULL,
    hash   TEXT NOT NULL,
    set_at TEXT NOT NULL,
    PRIMARY KEY (unit, role)
) STRICT;
INSERT INTO new_password SELECT unit.id, role, hash, set_at FROM password JOIN unit ON unit.name = password.unit;
DROP TABLE password;
ALTER TABLE new_password RENAME TO password;

-- Counted for each owner, and once for all of them together: unit 0.
CREATE TABLE new_tally_month (
    phase  TEXT NOT NULL,
    month  TEXT NOT NULL,
    unit   INTEGER NOT NULL,
    duty   TEXT NOT NULL,
    light  TEXT NOT NULL,
    n      INTEGER NOT NULL,
    PRIMARY KEY (phase, month, unit, duty, light)
) STRICT, WITHOUT ROWID;
INSERT INTO new_tally_month
    SELECT phase, month, 0, duty, light, SUM(n) FROM tally_month GROUP BY phase, month, duty, light;
WITH RECURSIVE cut (phase, month, duty, light, n, name, rest) AS (
        SELECT phase, month, duty, light, n, '', owners || ';' FROM tally_month
        UNION ALL
        SELECT phase, month, duty, light, n, SUBSTR(rest, 1, INSTR(rest, ';') - 1), SUBSTR(rest, INSTR(rest, ';') + 1)
        FROM cut WHERE rest <> '')
    INSERT INTO new_tally_month SELECT phase, month, unit.id, duty, light, SUM(n)
        FROM cut JOIN unit ON unit.name = cut.name GROUP BY phase, month, unit.id, duty, light;
DROP TABLE tally_month;
ALTER TABLE new_tally_month RENAME TO tally_month;

-- By the day of the first deadline: for each unit (no duty), and for each duty (unit 0).
CREATE TABLE new_tally_day (
    unit  INTEGER NOT NULL,
    duty  TEXT NOT NULL,
    day   TEXT NOT NULL,
    phase TEXT NOT NULL,
    light TEXT NOT NULL,
    n     INTEGER NOT NULL,
    PRIMARY KEY (unit, duty, day, phase, light)
) STRICT, WITHOUT ROWID;
INSERT INTO new_tally_day SELECT 0, SUBSTR(subject, 6), day, phase, light, n FROM tally_day WHERE subject LIKE 'duty:%';
INSERT INTO new_tally_day SELECT unit.id, '', day, phase, light, n
    FROM tally_day JOIN unit ON unit.name = SUBSTR(subject, 6) WHERE subject LIKE 'unit:%';
DROP TABLE tally_day;
ALTER TABLE new_tally_day RENAME TO tally_day;

DROP TABLE temp.part;

-- Every row still refers to one that is there, or nothing of this is kept.
CREATE TEMP TABLE dangling (name TEXT CHECK (FALSE));
INSERT INTO dangling SELECT "table" FROM pragma_foreign_key_check;
DROP TABLE temp.dangling;
