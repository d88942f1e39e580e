-- Schema 4: what people type and decide. Each part says what it is for; a part that has landed stays as it is.

-- Filings: the hash of all that was sent under a receipt number, so that the number stands for one content; and whether one that
-- counts for many duties closes an obligation only once it is reviewed.
ALTER TABLE submission ADD COLUMN content TEXT NOT NULL DEFAULT '';
ALTER TABLE submission_for ADD COLUMN review_first BOOLEAN NOT NULL DEFAULT FALSE;
