-- Schema 4: what people type and decide. Each part says what it is for; a part that has landed stays as it is.

-- Filings: the hash of all that was sent under a receipt number, so that the number stands for one content; and whether one that
-- counts for many duties closes an obligation only once it is reviewed.
ALTER TABLE submission ADD COLUMN content TEXT NOT NULL DEFAULT '';
ALTER TABLE submission_for ADD COLUMN review_first BOOLEAN NOT NULL DEFAULT FALSE;

-- Who may speak for whom: a token never does more than the post that made it, and nobody reviews what came from their own
-- unit's office. Until now the maker stood in `how`, and only the office's and the administrator's posts made tokens.
ALTER TABLE credential ADD COLUMN maker_unit BIGINT REFERENCES unit (id);
ALTER TABLE credential ADD COLUMN maker_role TEXT;
UPDATE credential SET
    maker_unit = (SELECT unit.id FROM unit WHERE credential.how IN (unit.name || '/office', unit.name || '/admin')),
    maker_role = CASE WHEN how LIKE '%/admin' THEN 'admin' ELSE 'office' END
    WHERE kind = 'token';

-- Whether what it says came from the office's own unit, in whose name ever.
ALTER TABLE submission ADD COLUMN from_office BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE submission SET from_office = TRUE
    WHERE EXISTS (SELECT 1 FROM meta JOIN unit ON CAST(unit.id AS TEXT) = meta.value
        WHERE meta.key = 'office' AND (unit.id = submission.unit OR submission.by_post LIKE unit.name || '/%'));

-- What signs the links in letters belongs to the database, so that all daemons on it sign with the same key: one that makes
-- links, and those before it, which check until the last of their links has ended.
CREATE TABLE link_key (
    fingerprint TEXT PRIMARY KEY NOT NULL,
    -- The key itself; NULL = it lies in a file that the configuration names.
    secret      TEXT,
    retired_at  TIMESTAMPTZ
);
-- What a unit was called before, and until when; or whose successor it is: what was written then means it now.
CREATE TABLE unit_name (
    name     TEXT NOT NULL,
    until_at TIMESTAMPTZ NOT NULL,
    unit     BIGINT NOT NULL REFERENCES unit (id),
    -- Whether it took over from another unit of that name.
    succeeded BOOLEAN NOT NULL,
    PRIMARY KEY (name, until_at)
);

-- What could not be told a post that has no address, until it gets one.
CREATE INDEX notice_put_aside ON notice (unit, role) WHERE letter IS NULL AND error = 'the post has no address';
-- Letters that a restored copy holds until the office says whether they go out.
CREATE INDEX letter_held ON letter (written_at) WHERE state = 'held';
