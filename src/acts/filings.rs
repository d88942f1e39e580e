//! Filings that came in while the disk was busy go into one transaction: whoever comes first files for all who wait.
//!
//! What they are for is read once for all, each is judged by [`crate::acts::submit`]'s rules in the order in which they came,
//! and what they change is written once for all, so that many pay for one wait for the disk. One that is refused has
//! changed nothing by then, and the others are none the worse.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;

use super::submit::{MOST_FILINGS, NewSubmission, Receipt};
use super::{ActError, Actor, JobError, Lent, Result, refuse};
use crate::domain::action::Action;
use crate::domain::phase::Phase;
use crate::domain::quota::{Filing, Item};
use crate::domain::refusal::filing::FilingRefusal;
use crate::domain::refusal::obligation::ObligationRefusal;
use crate::domain::step::Chased;
use crate::domain::unit::PostId;
use crate::engine::MOST_CONFLICTS;
use crate::read::series::chased;
use crate::read::words;
use crate::store::Tx;
use crate::store::log::Entry;
use crate::store::row::Stored;
use crate::store::submissions::{Evidence, Submission};
use crate::vault::Hold;

#[derive(Default)]
pub struct Filings {
    waiting: Mutex<Vec<WaitingFiling>>,
    turn: tokio::sync::Mutex<()>,
}

/// A filing and whose it is.
struct NewFiling {
    by: PostId,
    lent: Option<Lent>,
    now: DateTime<Utc>,
    new: NewSubmission,
}

struct WaitingFiling {
    asked: NewFiling,
    answer: oneshot::Sender<Result<Receipt>>,
    /// Its files stay until it is filed or refused, even when whoever sent them has gone away.
    files: Option<Hold>,
}

/// Filings a transaction.
const GROUP: usize = 64;

impl Filings {
    fn next_group(&self) -> Vec<WaitingFiling> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let most = waiting.len().min(GROUP);
        waiting.drain(..most).collect()
    }

    pub async fn file(&self, actor: &Actor<'_>, new: &NewSubmission) -> Result<Receipt> {
        actor.check_submission(new)?;
        loop {
            let (answer, mut answered) = oneshot::channel();
            let files = match &actor.engine.vault {
                Some(vault) if !new.files.is_empty() => Some(vault.hold_on().await?),
                _ => None,
            };
            let waiting = WaitingFiling { asked: NewFiling::of(actor, new), answer, files };
            self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(waiting);
            tokio::select! {
                biased;
                answer = &mut answered => {
                    // Whoever filed for this one may have been cut off before the end: nothing is kept then, file again.
                    if let Ok(answer) = answer {
                        return answer;
                    }
                }
                turn = self.turn.lock() => {
                    while answered.is_empty() && !answered.is_terminated() {
                        let group = self.next_group();
                        if group.is_empty() {
                            break;
                        }
                        file_all(actor, group).await;
                    }
                    drop(turn);
                    if let Ok(answer) = answered.try_recv() {
                        return answer;
                    }
                }
            }
        }
    }
}

impl NewFiling {
    fn of(actor: &Actor<'_>, new: &NewSubmission) -> NewFiling {
        NewFiling { by: actor.by.clone(), lent: actor.lent.cloned(), now: actor.now, new: new.clone() }
    }
}

impl Actor<'_> {
    /// Files, alone.
    ///
    /// # Errors
    /// As [`Filings::file`].
    pub async fn submit(&self, new: &NewSubmission) -> Result<Receipt> {
        self.check_submission(new)?;
        let mut answers = file_patiently(self, &[NewFiling::of(self, new)]).await?;
        answers.pop().unwrap_or_else(|| refuse(ObligationRefusal::ChangedMeanwhile))
    }
}

/// Files a group in one transaction and answers each once that is on disk. Where the group as a whole cannot be written,
/// each is filed alone, so that one that the database refuses takes no other with it.
async fn file_all(actor: &Actor<'_>, group: Vec<WaitingFiling>) {
    let (group, waiting): (Vec<NewFiling>, Vec<_>) =
        group.into_iter().map(|one| (one.asked, (one.answer, one.files))).unzip();
    let answers = match file_patiently(actor, &group).await {
        Ok(answers) => answers,
        Err(error) if group.len() == 1 => vec![Err(error)],
        Err(_) => {
            let mut answers = Vec::with_capacity(group.len());
            for asked in &group {
                let alone = file_patiently(actor, std::slice::from_ref(asked)).await;
                answers.extend(alone.unwrap_or_else(|error| vec![Err(error)]));
            }
            answers
        }
    };
    for ((waiting, _files), answer) in waiting.into_iter().zip(answers) {
        // Who has gone away hears nothing; what was filed stays.
        let _ = waiting.send(answer);
    }
}

/// Files a group; begins anew where somebody else was in the way.
async fn file_patiently(actor: &Actor<'_>, group: &[NewFiling]) -> Result<Vec<Result<Receipt>>> {
    for _ in 0..MOST_CONFLICTS {
        match file_group(actor, group).await {
            Err(error) if was_in_the_way(&error) => {}
            done => return done,
        }
    }
    file_group(actor, group).await
}

/// Whether nothing was kept because a row was changed, or a receipt number used, since it was read.
fn was_in_the_way(error: &ActError) -> bool {
    match error {
        ActError::Refused(_) => true,
        ActError::Job(JobError::Store(error)) => error.is_conflict(),
        ActError::Job(_) => false,
    }
}

async fn file_group(actor: &Actor<'_>, group: &[NewFiling]) -> Result<Vec<Result<Receipt>>> {
    let mut tx = actor.engine.store.write().await?;
    let mut rows = Group::read(&mut tx, group).await?;
    let mut receipts = Vec::with_capacity(group.len());
    for asked in group {
        let (by, lent) = (&asked.by, asked.lent.as_ref());
        let one = Actor { engine: actor.engine, known: actor.known, by, lent, now: asked.now };
        receipts.push(rows.file(&one, &asked.new));
    }
    rows.write(&mut tx).await?;
    tx.commit().await?;
    Ok(receipts)
}

/// What a group's filings are for, and what they change.
struct Group {
    /// By receipt number: what was filed under it before.
    filed: HashMap<String, Earlier>,
    rows: HashMap<i64, Stored>,
    /// What became of the 催办 of those that are missed.
    chased: HashMap<i64, Chased>,
    filings: HashMap<i64, Vec<Filing>>,
    /// How many were ever filed for each.
    ever: HashMap<i64, usize>,
    changed: BTreeSet<i64>,
    submissions: Vec<Submission>,
    /// The numbers of those that the office's unit sent in.
    from_office: Vec<String>,
    counts_for: Vec<(String, i64, bool)>,
    evidence: Vec<Evidence>,
    entries: Vec<Entry>,
}

impl Group {
    async fn read(tx: &mut Tx, group: &[NewFiling]) -> Result<Group> {
        let mut filed = HashMap::new();
        for number in group.iter().filter_map(|asked| asked.new.receipt.as_ref()) {
            if let Some(submission) = tx.submission(number).await? {
                let ids = tx.obligations_of_submission(number).await?;
                let files = tx.evidence_of(number).await?;
                filed.insert(number.clone(), Earlier { submission, ids, files });
            }
        }
        let wanted = group.iter().flat_map(|asked| &asked.new.obligations);
        let ids: BTreeSet<i64> = filed.values().flat_map(|earlier| &earlier.ids).chain(wanted).copied().collect();
        let ids: Vec<i64> = ids.into_iter().collect();
        let rows: HashMap<i64, Stored> =
            tx.obligations(&ids).await?.into_iter().map(|row| (row.obligation.id, row)).collect();
        let missed = rows.values().map(|row| &row.obligation).filter(|obligation| obligation.phase == Phase::Missed);
        let chased = chased(tx, &missed.collect::<Vec<_>>()).await?;
        let mut filings: HashMap<i64, Vec<Filing>> = HashMap::new();
        let mut ever: HashMap<i64, usize> = HashMap::new();
        for counted in tx.submissions_for(&ids).await? {
            *ever.entry(counted.obligation).or_default() += 1;
            if counted.stands() {
                filings.entry(counted.obligation).or_default().push(counted.filing());
            }
        }
        Ok(Group {
            filed,
            rows,
            chased,
            filings,
            ever,
            changed: BTreeSet::new(),
            submissions: Vec::new(),
            from_office: Vec::new(),
            counts_for: Vec::new(),
            evidence: Vec::new(),
            entries: Vec::new(),
        })
    }

    /// Files one; where it is refused, nothing has changed.
    fn file(&mut self, actor: &Actor<'_>, new: &NewSubmission) -> Result<Receipt> {
        let number = new.receipt.clone().unwrap_or_else(|| actor.engine.new_id("R"));
        if let Some(earlier) = self.filed.get(&number) {
            return self.again(actor, number, earlier, new);
        }
        let wanted = actor.wanted(new, &self.rows, &self.chased)?;
        let submission = Submission {
            id: number.clone(),
            unit: new.unit.0.clone(),
            by_post: actor.by.to_string(),
            acted_on: actor.acted_on(new),
            received_at: actor.now,
            content: content(new, &wanted.items),
            items: wanted.items,
            note: new.note.clone(),
            withdrawn_at: None,
        };
        let hashes: Vec<&str> = new.files.iter().map(|(hash, ..)| hash.as_str()).collect();
        let detail =
            json!({ "receipt": number, "acted_on": submission.acted_on, "items": submission.items, "files": hashes });
        let mut changed = Vec::new();
        for (stored, review_first) in wanted.rows {
            if self.ever.get(&stored.obligation.id).is_some_and(|ever| *ever >= MOST_FILINGS) {
                return refuse(FilingRefusal::TooManyFilings { id: stored.obligation.id, most: MOST_FILINGS });
            }
            let mut filings = self.filings.get(&stored.obligation.id).cloned().unwrap_or_default();
            filings.push(submission.filing(review_first));
            let next = actor.judged(&stored, &filings)?;
            let (row, entry) = actor.changed(&stored, next, Action::Submit, &detail);
            changed.push((row, entry, filings, review_first));
        }
        // From here on nothing refuses.
        let mut ids = Vec::with_capacity(changed.len());
        for (row, entry, filings, review_first) in changed {
            let id = row.obligation.id;
            ids.push(id);
            *self.ever.entry(id).or_default() += 1;
            self.counts_for.push((number.clone(), id, review_first));
            self.entries.push(entry);
            self.filings.insert(id, filings);
            self.rows.insert(id, row);
            self.changed.insert(id);
        }
        let files = evidence(&number, new);
        self.evidence.extend(files.iter().cloned());
        if actor.is_of_offices_unit() {
            self.from_office.push(number.clone());
        }
        self.submissions.push(submission.clone());
        let receipt = self.receipt(actor, number.clone(), false, &ids, &submission.items)?;
        self.filed.insert(number, Earlier { submission, ids, files });
        Ok(receipt)
    }

    /// Filed again under its number: the same content changes nothing, any other is refused.
    fn again(&self, actor: &Actor<'_>, number: String, earlier: &Earlier, new: &NewSubmission) -> Result<Receipt> {
        if earlier.submission.unit != new.unit.0 {
            return refuse(FilingRefusal::ReceiptTaken);
        }
        let items = actor.settled(new, &self.rows)?;
        if !earlier.is_the_same(new, &items) {
            return refuse(FilingRefusal::ReceiptOfOtherContent(number));
        }
        self.receipt(actor, number, true, &earlier.ids, &earlier.submission.items)
    }

    fn receipt(
        &self,
        actor: &Actor<'_>,
        number: String,
        repeated: bool,
        ids: &[i64],
        items: &[Item],
    ) -> Result<Receipt> {
        let (mut obligations, mut quotas) = (Vec::with_capacity(ids.len()), Vec::new());
        for stored in ids.iter().filter_map(|id| self.rows.get(id)) {
            let filings = self.filings.get(&stored.obligation.id).map_or(&[][..], Vec::as_slice);
            obligations.push(actor.stands(stored, filings)?);
            quotas.extend(&actor.rules(stored)?.duty.quotas);
        }
        Ok(Receipt { number, repeated, said: words::said(&quotas, items), obligations })
    }

    /// Writes what the filings have changed.
    async fn write(mut self, tx: &mut Tx) -> Result<()> {
        if tx.insert_submissions(&self.submissions).await? != self.submissions.len() as u64 {
            return refuse(FilingRefusal::ReceiptInWork);
        }
        for number in &self.from_office {
            tx.mark_from_office(number).await?;
        }
        let pairs = self.counts_for.iter().map(|(number, id, review_first)| (number.as_str(), *id, *review_first));
        let pairs: Vec<(&str, i64, bool)> = pairs.collect();
        tx.insert_submissions_for(&pairs).await?;
        tx.insert_evidence(&self.evidence).await?;
        // One order for all, so that two who write the same rows wait for each other and no more.
        let mut rows: Vec<Stored> = self.changed.iter().filter_map(|id| self.rows.remove(id)).collect();
        if tx.update_obligations(&mut rows).await?.len() != rows.len() {
            return refuse(ObligationRefusal::ChangedMeanwhile);
        }
        Ok(tx.append_log(&self.entries).await?)
    }
}

/// What was filed under a receipt number before.
struct Earlier {
    submission: Submission,
    ids: Vec<i64>,
    files: Vec<Evidence>,
}

impl Earlier {
    /// Whether it says the same: as it was sent, or as it stands now. Where no day is given, any will do: a day later the
    /// same request means what it meant.
    fn is_the_same(&self, new: &NewSubmission, items: &[Item]) -> bool {
        if self.submission.content == content(new, items) {
            return true;
        }
        let files = self.files.iter().map(|file| (file.sha256.as_str(), file.name.as_str()));
        let asked: BTreeSet<i64> = new.obligations.iter().copied().collect();
        self.ids.iter().copied().collect::<BTreeSet<i64>>() == asked
            && new.acted_on.is_none_or(|day| day == self.submission.acted_on)
            && self.submission.items == items
            && self.submission.note == new.note
            && files.eq(new.files.iter().map(|(hash, name, _)| (hash.as_str(), name.as_str())))
    }
}

/// The hash of all that a submission says.
fn content(new: &NewSubmission, items: &[Item]) -> String {
    let obligations: BTreeSet<i64> = new.obligations.iter().copied().collect();
    let files: Vec<(&str, &str)> = new.files.iter().map(|(hash, name, _)| (hash.as_str(), name.as_str())).collect();
    let all = json!([obligations, new.acted_on, items, new.note, files]).to_string();
    hex::encode(Sha256::digest(all.as_bytes()))
}

fn evidence(number: &str, new: &NewSubmission) -> Vec<Evidence> {
    let file = |(position, (sha256, name, size)): (usize, &(String, String, u64))| Evidence {
        submission: number.to_owned(),
        position: i64::try_from(position).unwrap_or(i64::MAX),
        sha256: sha256.clone(),
        name: name.clone(),
        size: i64::try_from(*size).unwrap_or(i64::MAX),
        erased_at: None,
    };
    new.files.iter().enumerate().map(file).collect()
}
