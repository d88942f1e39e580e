//! Writes the letters: all notices for one address in one slot are one letter, event letters apart.
//!
//! The notices were committed with their steps; here they are worded and given to a letter in one transaction, so a
//! notice is in no letter or in exactly one. 通报建议 waits for the digest.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};

use super::trouble::{self, Subject};
use crate::{
    domain::{
        letter::LetterKind,
        phase::Phase,
        quota::Filing,
        step::NoticeKind,
        unit::{PostId, Role, UnitName},
    },
    engine::{
        Engine, Result,
        known::Known,
        outbox::{new_letter, slot_key},
    },
    mail::{Item, LetterContext, Section, SectionKind},
    read::{day, words},
    store::{Tx, letters::NewLetter, notices::Notice, row::Stored},
};

/// Letters a transaction.
const LETTERS: usize = 50;
/// Notices read at once: more than a slot has.
const NOTICES: usize = 500_000;

/// Writes every letter that is waiting to be written. Returns how many.
pub async fn letters(engine: &Engine) -> Result<u64> {
    let now = engine.clock.now();
    let mut tx = engine.store.read().await?;
    if !tx.any_notice_unwritten().await? {
        return Ok(0);
    }
    let known = engine.known_in(&mut tx).await?;
    let notices: Vec<Notice> =
        tx.unwritten_notices(NOTICES).await?.into_iter().filter(|notice| notice.kind != NoticeKind::Propose).collect();
    if notices.is_empty() {
        return Ok(0);
    }
    let today = known.zone.day_of(now);
    let due_today = due_today(&mut tx, &known, today).await?;
    drop(tx);
    let (groups, homeless) = by_mailbox(engine, &known, notices, today);
    put_aside(engine, homeless, now).await?;
    let groups: Vec<Mailbox> = groups.into_values().collect();
    let mut written = 0;
    for chunk in groups.chunks(LETTERS) {
        written += write_chunk(engine, &known, chunk, &due_today, now).await?;
    }
    Ok(written)
}

/// Mailboxes by the address it was for, whether it is an event's, and the address it goes to.
type Mailboxes = BTreeMap<(String, bool, String), Mailbox>;

/// All that is to be said to one address.
struct Mailbox {
    address: String,
    event: bool,
    posts: Vec<PostId>,
    notices: Vec<Notice>,
}

/// Groups notices by where they go. The second list is those whose post has no address.
fn by_mailbox(engine: &Engine, known: &Known, notices: Vec<Notice>, today: NaiveDate) -> (Mailboxes, Vec<Notice>) {
    let trial = engine.settings.trial_until.is_some_and(|until| today < until);
    let office = known.address(&known.roster.office_post(), today);
    let mut groups = Mailboxes::new();
    let mut homeless = Vec::new();
    for notice in notices {
        let Some(own) = known.address(&notice.post, today) else {
            homeless.push(notice);
            continue;
        };
        let event = notice.kind == NoticeKind::Event;
        // On trial every letter goes to the office, one for each that would have gone out.
        let address = if trial { office.unwrap_or(own) } else { own };
        let key = (own.to_lowercase(), event, address.to_lowercase());
        let group = groups.entry(key).or_insert_with(|| Mailbox {
            address: address.to_owned(),
            event,
            posts: Vec::new(),
            notices: Vec::new(),
        });
        if !group.posts.contains(&notice.post) {
            group.posts.push(notice.post.clone());
        }
        group.notices.push(notice);
    }
    (groups, homeless)
}

async fn put_aside(engine: &Engine, homeless: Vec<Notice>, now: DateTime<Utc>) -> Result<()> {
    if homeless.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = homeless.iter().map(|notice| notice.id).collect();
    let posts: HashSet<PostId> = homeless.into_iter().map(|notice| notice.post).collect();
    let mut tx = engine.store.write().await?;
    tx.fail_notices(&ids, "the post has no address").await?;
    for post in posts {
        trouble::record(&mut tx, &Subject::Post(post), now, "has no address: its letters cannot be written").await?;
    }
    Ok(tx.commit().await?)
}

/// What is due today by who owes it.
type DueToday = HashMap<UnitName, Vec<i64>>;

/// What is due today, for the context rows.
async fn due_today(tx: &mut Tx, known: &Known, today: NaiveDate) -> Result<DueToday> {
    let mut due = DueToday::new();
    for row in day::due_on(tx, known, today, &[Phase::Open, Phase::Returned]).await? {
        for owner in &row.obligation.owners {
            due.entry(owner.clone()).or_default().push(row.obligation.id);
        }
    }
    Ok(due)
}

impl Mailbox {
    /// What is due today from the units whose liaison reads this, each once.
    fn due_today(&self, due_today: &DueToday) -> BTreeSet<i64> {
        if self.event {
            return BTreeSet::new();
        }
        let liaisons = self.posts.iter().filter(|post| post.role == Role::Liaison);
        liaisons.filter_map(|post| due_today.get(&post.unit)).flatten().copied().collect()
    }
}

async fn write_chunk(
    engine: &Engine,
    known: &Known,
    chunk: &[Mailbox],
    due_today: &DueToday,
    now: DateTime<Utc>,
) -> Result<u64> {
    let mut ids: Vec<i64> = chunk.iter().flat_map(|mailbox| &mailbox.notices).map(|notice| notice.obligation).collect();
    ids.extend(chunk.iter().flat_map(|mailbox| mailbox.due_today(due_today)));
    ids.sort_unstable();
    ids.dedup();
    let mut tx = engine.store.write().await?;
    let rows = tx.obligations(&ids).await?;
    let desk = Desk::lay(&mut tx, known, rows, now).await?;
    let mut letters = Vec::with_capacity(chunk.len());
    let mut taken: HashMap<String, (&Mailbox, Vec<i64>)> = HashMap::with_capacity(chunk.len());
    let mut moot: Vec<i64> = Vec::new();
    for mailbox in chunk {
        match letter(engine, &desk, mailbox, due_today) {
            Ok(None) => moot.extend(mailbox.notices.iter().map(|notice| notice.id)),
            Ok(Some((letter, ids))) => {
                taken.insert(letter.message_id.clone(), (mailbox, ids));
                letters.push(letter);
            }
            Err(words) => {
                let ids: Vec<i64> = mailbox.notices.iter().map(|notice| notice.id).collect();
                tx.fail_notices(&ids, &words).await?;
                let subject = Subject::Letter(mailbox.posts.clone());
                trouble::record(&mut tx, &subject, now, &words).await?;
                tracing::error!(trouble.subject = %subject, "{subject} cannot be written: {words}");
            }
        }
    }
    let queued = tx.insert_letters(&letters).await?;
    let mut given: Vec<(i64, i64)> = Vec::new();
    for (number, message_id) in &queued {
        let Some((mailbox, ids)) = taken.get(message_id) else { continue };
        given.extend(ids.iter().map(|id| (*id, *number)));
        moot.extend(mailbox.notices.iter().map(|notice| notice.id).filter(|id| !ids.contains(id)));
    }
    if tx.give_notices(&given).await? != given.len() {
        // Another daemon has taken some: leave the whole chunk to the next round.
        return Ok(0);
    }
    tx.fail_notices(&moot, "filed before it was told").await?;
    let mut works: Vec<Subject> = Vec::with_capacity(2 * taken.len());
    for (mailbox, _) in queued.iter().filter_map(|(_, message_id)| taken.get(message_id)) {
        works.extend(mailbox.posts.iter().cloned().map(Subject::Post));
        works.push(Subject::Letter(mailbox.posts.clone()));
    }
    trouble::end(&mut tx, &works).await?;
    tx.commit().await?;
    Ok(queued.len() as u64)
}

/// What lies on the desk while letters are written.
pub struct Desk<'a> {
    known: &'a Known,
    now: DateTime<Utc>,
    today: NaiveDate,
    obligations: HashMap<i64, Stored>,
    filings: HashMap<i64, Vec<Filing>>,
}

impl<'a> Desk<'a> {
    /// Lays down the obligations and reads what was filed for them.
    pub async fn lay(tx: &mut Tx, known: &'a Known, rows: Vec<Stored>, now: DateTime<Utc>) -> Result<Desk<'a>> {
        let obligations: HashMap<i64, Stored> = rows.into_iter().map(|row| (row.obligation.id, row)).collect();
        let today = known.zone.day_of(now);
        // Only what is counted needs its filings here.
        let counted: Vec<i64> = obligations
            .values()
            .filter(|row| known.rules(row, today).is_ok_and(|rules| !rules.duty.quotas.is_empty()))
            .map(|row| row.obligation.id)
            .collect();
        let mut filings: HashMap<i64, Vec<Filing>> = HashMap::new();
        for counted in tx.submissions_for(&counted).await? {
            if counted.stands() {
                filings.entry(counted.obligation).or_default().push(counted.submission.filing());
            }
        }
        Ok(Desk { known, now, today, obligations, filings })
    }

    pub fn stored(&self, id: i64) -> Option<&Stored> {
        self.obligations.get(&id)
    }

    /// An obligation as letters show it.
    pub fn item(&self, id: i64) -> std::result::Result<Item, String> {
        let stored = self.obligations.get(&id).ok_or_else(|| format!("obligation {id} is missing"))?;
        let rules = self.known.rules(stored, self.today)?;
        let filings = self.filings.get(&id).map_or(&[][..], Vec::as_slice);
        Ok(words::item(self.known, &rules, &stored.obligation, filings, self.today))
    }

    fn section(&self, notice: &Notice, stored: &Stored) -> SectionKind {
        let obligation = &stored.obligation;
        match notice.kind {
            NoticeKind::Event if obligation.phase == Phase::Missed => SectionKind::EventMissed,
            NoticeKind::Event => SectionKind::Event,
            NoticeKind::Supervise | NoticeKind::Propose => SectionKind::Supervise,
            NoticeKind::Chase if obligation.round.chased_at == Some(notice.at) => SectionKind::Chase,
            NoticeKind::Chase => SectionKind::Overdue,
            NoticeKind::Remind if obligation.phase == Phase::Returned => SectionKind::Returned,
            NoticeKind::Remind if self.known.zone.due_day(obligation.round.due_at) <= self.today => {
                SectionKind::DueToday
            }
            NoticeKind::Remind => SectionKind::DueSoon,
        }
    }
}

/// Whether it is still worth telling: what was filed, waived or withdrawn meanwhile is not.
fn worth_telling(stored: &Stored) -> bool {
    stored.obligation.phase.is_owed() || stored.obligation.phase == Phase::Lapsed
}

/// The letter to a mailbox and the notices it takes up; none when nothing is left to say.
fn letter(
    engine: &Engine,
    desk: &Desk<'_>,
    mailbox: &Mailbox,
    due_today: &DueToday,
) -> std::result::Result<Option<(NewLetter, Vec<i64>)>, String> {
    let mut sections: BTreeMap<SectionKind, Vec<(i64, Item)>> = BTreeMap::new();
    let mut gravest: HashMap<i64, SectionKind> = HashMap::new();
    let mut taken = Vec::with_capacity(mailbox.notices.len());
    for notice in &mailbox.notices {
        let Some(stored) = desk.stored(notice.obligation).filter(|stored| worth_telling(stored)) else { continue };
        taken.push(notice.id);
        // An obligation stands once in a letter, in its gravest section.
        let section = desk.section(notice, stored);
        let place = gravest.entry(notice.obligation).or_insert(section);
        *place = section.min(*place);
    }
    if taken.is_empty() {
        return Ok(None);
    }
    for (id, section) in gravest {
        sections.entry(section).or_default().push((id, desk.item(id)?));
    }
    let sections: Vec<Section> =
        sections.into_iter().map(|(kind, items)| Section::new(kind, in_order(desk, items))).collect();
    let shown: HashSet<i64> = mailbox.notices.iter().map(|notice| notice.obligation).collect();
    let context = context_rows(desk, mailbox, due_today, &shown)?;
    let kind = LetterContext::gravest(&sections).unwrap_or(LetterKind::Today);
    let label = PostId::label;
    let recipient = mailbox.posts.first().map(label).unwrap_or_default();
    let trial = engine
        .settings
        .trial_until
        .filter(|until| desk.today < *until)
        .map(|_| mailbox.posts.iter().map(label).collect::<Vec<_>>().join("、"));
    let context = LetterContext {
        kind,
        recipient,
        posts: if mailbox.posts.len() > 1 { mailbox.posts.iter().map(label).collect() } else { Vec::new() },
        date_label: words::date(desk.today),
        sections,
        context_rows: context,
        link: true,
        contact: engine.settings.contact.clone(),
        signature: engine.settings.signature.clone(),
        trial,
        note: None,
    };
    let rendered = engine.templates.letter(&context).map_err(|error| error.to_string())?;
    let posts: Vec<String> = mailbox.posts.iter().map(ToString::to_string).collect();
    let class = if mailbox.event { "event" } else { "letter" };
    let slot_key = slot_key(class, &posts.join(";"), &mailbox.address, desk.now);
    let letter = new_letter(engine, slot_key, kind, posts.join(";"), mailbox.address.clone(), rendered, desk.now);
    Ok(Some((letter, taken)))
}

fn in_order(desk: &Desk<'_>, mut items: Vec<(i64, Item)>) -> Vec<Item> {
    let due = |id: &i64| desk.stored(*id).map(|stored| stored.obligation.round.due_at);
    items.sort_by_cached_key(|(id, item)| {
        (words::document_order(&crate::domain::duty::DutyId(item.duty.clone())), due(id), *id)
    });
    items.into_iter().map(|(_, item)| item).collect()
}

/// What is due today and has no step of its own: shown to the liaison, and no reason to write.
fn context_rows(
    desk: &Desk<'_>,
    mailbox: &Mailbox,
    due_today: &DueToday,
    shown: &HashSet<i64>,
) -> std::result::Result<Vec<Item>, String> {
    let others = mailbox.due_today(due_today).into_iter().filter(|id| !shown.contains(id));
    let items: std::result::Result<Vec<_>, _> = others.map(|id| Ok::<_, String>((id, desk.item(id)?))).collect();
    Ok(in_order(desk, items?))
}
