-- Schema 4: what people type and decide. Each part says what it is for; a part that has landed stays as it is.

-- Filings: the hash of all that was sent under a receipt number, so that the number stands for one content; and whether one that
-- counts for many duties closes an obligation only once it is reviewed.
ALTER TABLE submission ADD COLUMN content TEXT NOT NULL DEFAULT '';
ALTER TABLE submission_for ADD COLUMN review_first INTEGER NOT NULL DEFAULT 0 CHECK (review_first IN (0, 1));

-- Who may speak for whom: a token never does more than the post that made it, and nobody reviews what came from their own
-- unit's office. Until now the maker stood in `how`, and only the office's and the administrator's posts made tokens.
ALTER TABLE credential ADD COLUMN maker_unit INTEGER REFERENCES unit (id);
ALTER TABLE credential ADD COLUMN maker_role TEXT;
UPDATE credential SET
    maker_unit = (SELECT unit.id FROM unit WHERE credential.how IN (unit.name || '/office', unit.name || '/admin')),
    maker_role = CASE WHEN how LIKE '%/admin' THEN 'admin' ELSE 'office' END
    WHERE kind = 'token';

-- Whether what it says came from the office's own unit, in whose name ever.
ALTER TABLE submission ADD COLUMN from_office INTEGER NOT NULL DEFAULT 0 CHECK (from_office IN (0, 1));
UPDATE submission SET from_office = TRUE
    WHERE EXISTS (SELECT 1 FROM meta JOIN unit ON CAST(unit.id AS TEXT) = meta.value
        WHERE meta.key = 'office' AND (unit.id = submission.unit OR submission.by_post LIKE unit.name || '/%'));

-- What signs the links in letters belongs to the database, so that all daemons on it sign with the same key: one that makes
-- links, and those before it, which check until the last of their links has ended.
CREATE TABLE link_key (
    fingerprint TEXT PRIMARY KEY NOT NULL,
    -- The key itself; NULL = it lies in a file that the configuration names.
    secret      TEXT,
    retired_at  TEXT
) STRICT;
-- What a unit was called before, and until when; or whose successor it is: what was written then means it now.
CREATE TABLE unit_name (
    name     TEXT NOT NULL,
    until_at TEXT NOT NULL,
    unit     INTEGER NOT NULL REFERENCES unit (id),
    -- Whether it took over from another unit of that name.
    succeeded INTEGER NOT NULL CHECK (succeeded IN (0, 1)),
    PRIMARY KEY (name, until_at)
) STRICT, WITHOUT ROWID;

-- What could not be told a post that has no address, until it gets one.
CREATE INDEX notice_put_aside ON notice (unit, role) WHERE letter IS NULL AND error = 'the post has no address';
-- Letters that a restored copy holds until the office says whether they go out.
CREATE INDEX letter_held ON letter (written_at) WHERE state = 'held';
-- Decisions. Why something was returned stands wherever it stands; a 未提醒 miss that does not count, and a decided
-- 通报建议, wait for the office no longer.
ALTER TABLE obligation ADD COLUMN return_reason TEXT;
ALTER TABLE obligation ADD COLUMN excused INTEGER NOT NULL DEFAULT 0 CHECK (excused IN (0, 1));
ALTER TABLE obligation ADD COLUMN published INTEGER CHECK (published IN (0, 1));
-- What waits for the office's judgement, and what closed for ever since the last digest.
CREATE INDEX obligation_unjudged ON obligation (missed_at)
    WHERE unreminded AND NOT confirmed AND NOT excused AND missed_at IS NOT NULL;
CREATE INDEX obligation_proposed ON obligation (proposed_at) WHERE proposed_at IS NOT NULL AND published IS NULL;
CREATE INDEX obligation_lapsed ON obligation (closed_at) WHERE phase = 'lapsed';

-- What the office has decided, to be told in the next slot and to be taken back until then: how the obligation stood before,
-- the newest log entry after it, the requests that it answered.
CREATE TABLE decision (
    id         INTEGER PRIMARY KEY NOT NULL,
    obligation INTEGER NOT NULL REFERENCES obligation (id),
    kind       TEXT NOT NULL,
    by_post    TEXT NOT NULL,
    at         TEXT NOT NULL,
    words      TEXT NOT NULL,
    document   TEXT NOT NULL,
    until_at   TEXT,
    posts      TEXT NOT NULL,
    tells_at   TEXT NOT NULL,
    before     TEXT NOT NULL,
    head       TEXT NOT NULL,
    requests   TEXT NOT NULL,
    undone_at  TEXT
) STRICT;
CREATE INDEX decision_obligation ON decision (obligation, id);
CREATE INDEX decision_at ON decision (at);
