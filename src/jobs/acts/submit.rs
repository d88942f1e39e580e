//! 报送: one act, filed once; it may count for several obligations of the unit that files.

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;
use tokio::sync::oneshot::{self, error::TryRecvError};

use super::{ActError, Actor, JobError, Result, refuse};
use crate::{
    domain::{
        light::{self, Light},
        obligation::Phase,
        quota::{self, Count, Filing, Item},
        step, text,
        unit::{PostId, UnitName},
    },
    jobs::{MOST_CONFLICTS, known::Rules},
    store::{
        Tx,
        obligations::Stored,
        submissions::{Evidence, Submission},
    },
};

/// The longest note, in characters.
pub const LONGEST_NOTE: usize = 2000;
/// The longest name, in characters.
pub const LONGEST_NAME: usize = 200;
/// The most items of one submission.
pub const MOST_ITEMS: usize = 200;

/// What a unit files.
#[derive(Debug, Clone)]
pub struct NewSubmission {
    /// A receipt number of the sender's own; filing under it again changes nothing.
    pub receipt: Option<String>,
    /// The unit.
    pub unit: UnitName,
    /// What it counts for; at least one.
    pub obligations: Vec<i64>,
    /// The civil day of the act; `None` = today.
    pub acted_on: Option<NaiveDate>,
    /// What it names.
    pub items: Vec<Item>,
    /// A short note.
    pub note: String,
    /// Files that are on disk already: hash, name, bytes.
    pub files: Vec<(String, String, u64)>,
}

/// What the unit gets back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The receipt number.
    pub number: String,
    /// Whether this number had been filed before.
    pub repeated: bool,
    /// How each obligation stands now.
    pub obligations: Vec<Stands>,
}

/// How an obligation stands after a filing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stands {
    /// The obligation.
    pub id: i64,
    /// Its duty.
    pub duty: String,
    /// Its period.
    pub period: String,
    /// Its light.
    pub light: Light,
    /// The light's word.
    pub word: &'static str,
    /// How far each counter is.
    pub counts: Vec<Count>,
}

impl Actor<'_> {
    /// Files.
    ///
    /// # Errors
    /// It may not be filed, or the store could not; nothing has changed then.
    pub async fn submit(&self, new: &NewSubmission) -> Result<Receipt> {
        self.check_post()?;
        if !self.acts_for(&new.unit) {
            return refuse(format!("没有该事项，或不属 {}", self.by.unit));
        }
        check_texts(new)?;
        new.receipt.as_deref().map_or(Ok(()), super::check_id)?;
        let today = self.known.zone.day_of(self.now);
        let acted_on = new.acted_on.unwrap_or(today);
        if acted_on > today {
            return refuse(format!("办理日期 {acted_on} 尚未到来"));
        }
        self.engine.filings.file(self, new).await
    }

    /// Files in a transaction that is open already; what can be refused without one was.
    async fn submit_in(&self, tx: &mut Tx, new: &NewSubmission) -> Result<Receipt> {
        let acted_on = new.acted_on.unwrap_or_else(|| self.known.zone.day_of(self.now));
        let number = new.receipt.clone().unwrap_or_else(|| self.engine.new_id("R"));
        if let Some(repeated) = self.repeated(tx, &number, new).await? {
            return Ok(repeated);
        }
        let rows = self.wanted(tx, new, acted_on).await?;
        let submission = Submission {
            id: number.clone(),
            unit: new.unit.0.clone(),
            by_post: self.by.to_string(),
            acted_on,
            received_at: self.now,
            items: new.items.clone(),
            note: new.note.clone(),
            withdrawn_at: None,
        };
        if !tx.insert_submission(&submission, &new.obligations, &evidence(&number, new)).await? {
            // The same receipt number came in twice at the same moment.
            let repeated = self.repeated(tx, &number, new).await?;
            return repeated.map_or_else(|| refuse("该回执号正在受理，请稍后重试"), Ok);
        }
        let mut written = Vec::with_capacity(rows.len());
        for stored in rows {
            let next = self.reconsidered(tx, &stored).await?;
            let hashes: Vec<&str> = new.files.iter().map(|(hash, ..)| hash.as_str()).collect();
            let detail = json!({ "receipt": number, "acted_on": acted_on, "items": new.items, "files": hashes });
            written.push(self.write(tx, &stored, next, "submit", &detail).await?);
        }
        self.receipt(tx, number, false, written).await
    }

    /// The receipt of what was filed under that number before, if it was.
    async fn repeated(&self, tx: &mut Tx, number: &str, new: &NewSubmission) -> Result<Option<Receipt>> {
        let Some(earlier) = tx.submission(number).await? else { return Ok(None) };
        if earlier.unit != new.unit.0 {
            return refuse("该回执号不可用");
        }
        let ids = tx.obligations_of_submission(number).await?;
        let rows = tx.obligations(&ids).await?;
        self.receipt(tx, number.to_owned(), true, rows).await.map(Some)
    }

    /// The obligations a submission is for, each of which must be open to it.
    async fn wanted(&self, tx: &mut Tx, new: &NewSubmission, acted_on: NaiveDate) -> Result<Vec<Stored>> {
        if new.obligations.is_empty() {
            return refuse("未指明报送哪一事项");
        }
        let mut rows = tx.obligations(&new.obligations).await?;
        // One order for all, so that two who write the same rows wait for each other and no more.
        rows.sort_by_key(|row| row.obligation.id);
        let mut counters: Vec<String> = Vec::new();
        for id in &new.obligations {
            // Another unit's and one that does not exist look the same.
            let own = rows.iter().find(|row| row.obligation.id == *id && row.obligation.owners.contains(&new.unit));
            let Some(stored) = own else { return refuse(format!("没有事项 {id}，或不属 {}", new.unit)) };
            self.check_open(stored, acted_on)?;
            counters.extend(self.rules(stored)?.duty.quotas.iter().map(|quota| quota.counter.clone()));
        }
        check_counters(&new.items, &counters)?;
        Ok(rows)
    }

    fn check_open(&self, stored: &Stored, acted_on: NaiveDate) -> Result<()> {
        let obligation = &stored.obligation;
        if obligation.opens_at > self.now {
            let opens = super::super::words::moment(self.known.zone, obligation.opens_at);
            return refuse(format!("事项 {} 尚未开始，{opens}起可报送", obligation.id));
        }
        let rules = self.rules(stored)?;
        // Making good ends at an instant, whether or not a pass has noticed.
        let lapsed = obligation.phase == Phase::Lapsed || self.making_good_ended(stored, &rules);
        match obligation.phase {
            _ if lapsed => return refuse(format!("事项 {} 已按逾期未办结，不再受理补报", obligation.id)),
            Phase::Waived | Phase::Withdrawn | Phase::Upheld => {
                return refuse(format!("事项 {} {}，无须报送", obligation.id, light::word(obligation)));
            }
            Phase::Done if obligation.accepted_at.is_some() => {
                return refuse(format!("事项 {} 已审核通过，无须再报", obligation.id));
            }
            _ => {}
        }
        match self.known.window(obligation, &rules).objection(acted_on) {
            Some(words) => refuse(words),
            None => Ok(()),
        }
    }

    fn making_good_ended(&self, stored: &Stored, rules: &Rules<'_>) -> bool {
        let world = self.known.world(rules.catalogue);
        let context =
            step::Context { duty: rules.duty, ladder: rules.ladder, world: &world, series: &[], reminder_taken: false };
        let owed = stored.obligation.phase.is_owed() || stored.obligation.phase == Phase::Scheduled;
        owed && step::lapse_at(&stored.obligation, &context).is_some_and(|lapse| lapse <= self.now)
    }

    async fn receipt(&self, tx: &mut Tx, number: String, repeated: bool, rows: Vec<Stored>) -> Result<Receipt> {
        let mut obligations = Vec::with_capacity(rows.len());
        for stored in rows {
            let filings = super::standing_filings(tx, stored.obligation.id).await?;
            let filings: Vec<&Filing> = filings.iter().collect();
            let counts = quota::count(&self.rules(&stored)?.duty.quotas, &filings);
            let obligation = &stored.obligation;
            obligations.push(Stands {
                id: obligation.id,
                duty: obligation.duty.0.clone(),
                period: obligation.period.clone(),
                light: Light::of(obligation),
                word: light::word(obligation),
                counts,
            });
        }
        Ok(Receipt { number, repeated, obligations })
    }
}

/// Filings that came in while the disk was busy go into one transaction: whoever comes first files for all who wait, so
/// that many pay for one wait for the disk. Each is a part of its own: one that is refused undoes nothing of the others.
#[derive(Default)]
pub struct Filings {
    waiting: Mutex<Vec<Waiting>>,
    turn: tokio::sync::Mutex<()>,
}

struct Waiting {
    by: PostId,
    now: DateTime<Utc>,
    new: NewSubmission,
    answer: oneshot::Sender<Result<Receipt>>,
}

/// Filings a transaction.
const GROUP: usize = 64;

impl Filings {
    fn next_group(&self) -> Vec<Waiting> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let most = waiting.len().min(GROUP);
        waiting.drain(..most).collect()
    }

    async fn file(&self, actor: &Actor<'_>, new: &NewSubmission) -> Result<Receipt> {
        loop {
            let (answer, mut answered) = oneshot::channel();
            let waiting = Waiting { by: actor.by.clone(), now: actor.now, new: new.clone(), answer };
            self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(waiting);
            let turn = self.turn.lock().await;
            match answered.try_recv() {
                Ok(answer) => return answer,
                // Whoever filed for this one was cut off before the end: nothing is kept, file again.
                Err(TryRecvError::Closed) => continue,
                Err(TryRecvError::Empty) => {}
            }
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

/// Files a group in one transaction and answers each once that is on disk.
async fn file_all(actor: &Actor<'_>, group: Vec<Waiting>) {
    let mut filed = file_group(actor, &group).await;
    for _ in 0..MOST_CONFLICTS {
        // It stood in the way of a pass: nothing was kept.
        if !filed.as_ref().is_err_and(is_conflict) {
            break;
        }
        filed = file_group(actor, &group).await;
    }
    let done = filed.unwrap_or_else(|error| {
        let words = error.to_string();
        group.iter().map(|_| Err(ActError::Job(JobError::Setup(words.clone())))).collect()
    });
    for (waiting, outcome) in group.into_iter().zip(done) {
        // Who has gone away hears nothing; what was filed stays.
        let _ = waiting.answer.send(outcome);
    }
}

fn is_conflict(error: &ActError) -> bool {
    matches!(error, ActError::Job(JobError::Store(error)) if error.is_conflict())
}

async fn file_group(actor: &Actor<'_>, group: &[Waiting]) -> Result<Vec<Result<Receipt>>> {
    let mut receipts = Vec::with_capacity(group.len());
    let mut tx = actor.engine.store.write().await?;
    for waiting in group {
        let one = Actor { engine: actor.engine, known: actor.known, by: &waiting.by, now: waiting.now };
        let part = tx.begin_part().await?;
        let receipt = one.submit_in(&mut tx, &waiting.new).await;
        if let Err(error) = &receipt
            && is_conflict(error)
        {
            return receipt.map(|_| Vec::new());
        }
        tx.end_part(part, receipt.is_ok()).await?;
        receipts.push(receipt);
    }
    tx.commit().await?;
    Ok(receipts)
}

/// Refuses items that none of the quotas counts.
///
/// # Errors
/// One names no counter.
pub fn check_counters(items: &[Item], counters: &[String]) -> Result<()> {
    let Some(item) = items.iter().find(|item| !counters.contains(&item.counter)) else { return Ok(()) };
    let known = if counters.is_empty() {
        "该事项不计数".to_owned()
    } else {
        format!("可填：{}", counters.join("、"))
    };
    refuse(format!("没有计数项“{}”；{known}", item.counter))
}

/// Refuses what no submission may hold, naming each.
///
/// # Errors
/// A text is too long or holds a character that may not stand in it.
pub fn check_texts(new: &NewSubmission) -> Result<()> {
    let mut faults = Vec::new();
    let mut check = |what: &str, value: &str, longest: usize, lines: bool| {
        if value.chars().count() > longest {
            faults.push(format!("{what}过长：至多 {longest} 字"));
        }
        let shown = if lines { value.replace(['\n', '\r', '\t'], " ") } else { value.to_owned() };
        if let Some((_, c, _)) = text::first_forbidden(&shown) {
            faults.push(format!("{what}含有不可用的字符 U+{:04X}", u32::from(c)));
        }
    };
    check("说明", &new.note, LONGEST_NOTE, true);
    for item in &new.items {
        check("名称", &item.value, LONGEST_NAME, false);
        check("计数项", &item.counter, LONGEST_NAME, false);
    }
    for (_, name, _) in &new.files {
        check("文件名", name, LONGEST_NAME, false);
    }
    if let Some(item) = new.items.iter().find(|item| text::fold(&item.value).is_empty()) {
        faults.push(format!("“{}”未填名称或数目", item.counter));
    }
    if new.items.len() > MOST_ITEMS {
        faults.push(format!("计数项过多：至多 {MOST_ITEMS} 条"));
    }
    if faults.is_empty() { Ok(()) } else { refuse(faults.join("；")) }
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
