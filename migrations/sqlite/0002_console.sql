-- Who may come in, and how.

-- What lets somebody in: a session, a one-time link to set a password, a token of the interface, a feed's secret
-- address. Of each only the hash is kept.
CREATE TABLE credential (
    id         INTEGER PRIMARY KEY NOT NULL,
    kind       TEXT NOT NULL,
    hash       TEXT NOT NULL UNIQUE,
    unit       TEXT NOT NULL,
    role       TEXT NOT NULL,
    how        TEXT NOT NULL,
    name       TEXT NOT NULL,
    scopes     TEXT NOT NULL,
    created_at TEXT NOT NULL,
    seen_at    TEXT NOT NULL,
    ends_at    TEXT,
    ended_at   TEXT
) STRICT;
CREATE INDEX credential_post ON credential (unit, role, kind);

CREATE TABLE password (
    unit   TEXT NOT NULL,
    role   TEXT NOT NULL,
    hash   TEXT NOT NULL,
    set_at TEXT NOT NULL,
    PRIMARY KEY (unit, role)
) STRICT;

-- Letters whose link opens nothing any more.
CREATE TABLE link_revoked (
    letter     INTEGER PRIMARY KEY NOT NULL REFERENCES letter (id),
    revoked_at TEXT NOT NULL
) STRICT;

-- 负责人意见: the unit's leader stands behind what its liaison asked for.
ALTER TABLE request ADD COLUMN endorsed_by TEXT;
ALTER TABLE request ADD COLUMN endorsed_at TEXT;

-- What a unit filed before, newest first.
CREATE INDEX submission_unit ON submission (unit, received_at);
