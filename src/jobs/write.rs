//! Writes the letters: all notices for one address in one slot are one letter, event letters apart.
//!
//! The notices were committed with their steps; here they are worded and given to a letter in one transaction, so a
//! notice is in no letter or in exactly one. 通报建议 waits for the digest.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::restored;
use super::trouble::{self, Troubled};
use crate::domain::action::Action;
use crate::domain::letter::LetterKind;
use crate::domain::obligation::Obligation;
use crate::domain::phase::Phase;
use crate::domain::slot::Slots;
use crate::domain::step::NoticeKind;
use crate::domain::unit::{PostId, Role, UnitName};
use crate::engine::known::Known;
use crate::engine::outbox::{new_letter, slot_key};
use crate::engine::restored::Restored;
use crate::engine::{Engine, Result, SetupError};
use crate::mail::{LetterContext, LetterItem, LetterSection, SectionKind};
use crate::read::view::{self, View};
use crate::read::{day, decision, words};
use crate::store::Tx;
use crate::store::decisions::Decision;
use crate::store::letters::NewLetter;
use crate::store::notices::Notice;
use crate::store::requests::Request;
use crate::store::row::Stored;

/// Letters a transaction.
const LETTERS: usize = 50;
/// How long after its slot a letter is still that slot's.
const LATE: TimeDelta = TimeDelta::minutes(15);
/// What is late waits for a slot that is no further away than this.
const NEAR: TimeDelta = TimeDelta::hours(1);
/// Notices read at once: more than a slot has.
const NOTICES: usize = 500_000;

/// Writes every letter that is waiting to be written. Returns how many.
pub async fn letters(engine: &Engine, now: DateTime<Utc>) -> Result<u64> {
    let mut tx = engine.store.read().await?;
    if !tx.any_notice_unwritten(now).await? {
        return Ok(0);
    }
    let known = engine.known_in(&mut tx).await?;
    let mut notices = tx.unwritten_notices(now, NOTICES).await?;
    notices.retain(|notice| may_be_written(known.slots(), notice, now));
    if notices.is_empty() {
        return Ok(0);
    }
    let today = known.zone.day_of(now);
    let due_today = due_today(&mut tx, &known, today).await?;
    drop(tx);
    let (groups, unaddressed) = by_mailbox(engine, &known, notices, today);
    put_aside(engine, unaddressed).await?;
    let groups: Vec<Recipient> = groups.into_values().collect();
    let mut written = 0;
    for chunk in groups.chunks(LETTERS) {
        written += write_chunk(engine, &known, chunk, &due_today, now).await?;
    }
    Ok(written)
}

/// Whether a letter takes it up now. 通报建议 waits for the digest, and what lies ahead for its slot. What is late, as after a
/// start, waits for a slot that is near, so that a mailbox gets one letter and not two within the hour.
fn may_be_written(slots: Slots<'_>, notice: &Notice, now: DateTime<Utc>) -> bool {
    match notice.kind {
        NoticeKind::Propose => false,
        NoticeKind::Event => true,
        NoticeKind::View
        | NoticeKind::Decided
        | NoticeKind::Moved
        | NoticeKind::Remind
        | NoticeKind::Chase
        | NoticeKind::Supervise => {
            let wait = slots.from(now, true) - now;
            let late = now - notice.at >= LATE;
            notice.at <= now && !(late && wait > TimeDelta::zero() && wait <= NEAR)
        }
    }
}

/// Whether a letter would be written now.
pub async fn any_to_write(tx: &mut Tx, known: &Known, now: DateTime<Utc>) -> Result<bool> {
    Ok(tx.unwritten_notices(now, NOTICES).await?.iter().any(|notice| may_be_written(known.slots(), notice, now)))
}

/// When what waits for a slot is written.
pub fn next_slot(known: &Known, now: DateTime<Utc>) -> DateTime<Utc> {
    known.slots().from(now + TimeDelta::seconds(1), true)
}

/// Recipients by the address it was for, whether it is an event's, and the address it goes to.
type Recipients = BTreeMap<(String, bool, String), Recipient>;

/// All that is to be said to one address.
struct Recipient {
    address: String,
    event: bool,
    posts: Vec<PostId>,
    notices: Vec<Notice>,
}

/// Groups notices by where they go. The second list is those whose post has no address.
fn by_mailbox(engine: &Engine, known: &Known, notices: Vec<Notice>, today: NaiveDate) -> (Recipients, Vec<Notice>) {
    let trial = engine.settings.trial_until.is_some_and(|until| today < until);
    let office = known.address(&known.roster.office_post(), today);
    let mut groups = Recipients::new();
    let mut unaddressed = Vec::new();
    for notice in notices {
        let Some(own) = known.address(&notice.post, today) else {
            unaddressed.push(notice);
            continue;
        };
        let event = notice.kind == NoticeKind::Event;
        // On trial every letter goes to the office, one for each that would have gone out.
        let address = if trial { office.unwrap_or(own) } else { own };
        let key = (own.to_lowercase(), event, address.to_lowercase());
        let group = groups.entry(key).or_insert_with(|| Recipient {
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
    (groups, unaddressed)
}

async fn put_aside(engine: &Engine, unaddressed: Vec<Notice>) -> Result<()> {
    if unaddressed.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = unaddressed.iter().map(|notice| notice.id).collect();
    let mut tx = engine.store.write().await?;
    tx.put_notices_aside(&ids).await?;
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

impl Recipient {
    /// What is due today from the units whose liaison reads this, each once.
    fn due_today(&self, due_today: &DueToday) -> BTreeSet<i64> {
        if self.event {
            return BTreeSet::new();
        }
        let liaisons = self.posts.iter().filter(|post| post.role == Role::Liaison);
        liaisons.filter_map(|post| due_today.get(&post.unit)).flatten().copied().collect()
    }
}

impl Recipient {
    /// Whether all that is to be said may have been said by the database that this is a copy of.
    fn is_told_of(&self, restored: Restored) -> bool {
        self.notices.iter().all(|notice| restored.covers(notice.at))
    }
}

async fn write_chunk(
    engine: &Engine,
    known: &Known,
    chunk: &[Recipient],
    due_today: &DueToday,
    now: DateTime<Utc>,
) -> Result<u64> {
    let mut ids: Vec<i64> = chunk.iter().flat_map(|mailbox| &mailbox.notices).map(|notice| notice.obligation).collect();
    ids.extend(chunk.iter().flat_map(|mailbox| mailbox.due_today(due_today)));
    ids.sort_unstable();
    ids.dedup();
    let mut tx = engine.store.write().await?;
    let rows = tx.obligations(&ids).await?;
    let mut material = Material::gather(&mut tx, known, &rows, now).await?;
    material.gather_moves(&mut tx, chunk).await?;
    let restored = restored::in_force(&mut tx).await?;
    material.gather_words(&mut tx, chunk).await?;
    let mut letters = Vec::with_capacity(chunk.len());
    let mut taken: HashMap<String, (&Recipient, Vec<i64>)> = HashMap::with_capacity(chunk.len());
    let mut moot: Vec<i64> = Vec::new();
    for mailbox in chunk {
        match letter(engine, &material, mailbox, due_today) {
            Ok(None) => moot.extend(mailbox.notices.iter().map(|notice| notice.id)),
            Ok(Some((mut letter, ids))) => {
                letter.held = restored.is_some_and(|restored| mailbox.is_told_of(restored));
                taken.insert(letter.message_id.clone(), (mailbox, ids));
                letters.push(letter);
            }
            Err(error) => {
                let words = error.to_string();
                let ids: Vec<i64> = mailbox.notices.iter().map(|notice| notice.id).collect();
                tx.fail_notices(&ids, &words).await?;
                let subject = Troubled::Letter(mailbox.posts.clone());
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
    let told = queued.iter().filter_map(|(_, message_id)| taken.get(message_id));
    let works: Vec<Troubled> = told.map(|(mailbox, _)| Troubled::Letter(mailbox.posts.clone())).collect();
    trouble::end(&mut tx, &works).await?;
    tx.commit().await?;
    Ok(queued.len() as u64)
}

/// What the letters of a round are written from: what is known, and each obligation as letters show it.
pub struct Material<'a> {
    known: &'a Known,
    now: DateTime<Utc>,
    today: NaiveDate,
    views: HashMap<i64, std::result::Result<View, Arc<SetupError>>>,
    /// How a holiday notice has moved deadlines, in words.
    moves: HashMap<i64, String>,
    /// What was decided on obligations, and what is asked about them.
    decisions: Vec<Decision>,
    requests: Vec<Request>,
}

impl<'a> Material<'a> {
    /// Takes these obligations, with what was filed for them.
    pub async fn gather(tx: &mut Tx, known: &'a Known, rows: &[Stored], now: DateTime<Utc>) -> Result<Material<'a>> {
        let today = known.zone.day_of(now);
        let filed = view::filed(tx, known, rows, today).await?;
        let shown = |row: &Stored| {
            let view = View::of(known, row, view::stands(&filed, row), today);
            (row.obligation.id, view.map_err(Arc::new))
        };
        let views = rows.iter().map(shown).collect();
        let (moves, decisions, requests) = (HashMap::new(), Vec::new(), Vec::new());
        Ok(Material { known, now, today, views, moves, decisions, requests })
    }

    /// Takes how the deadlines moved that these letters tell of.
    async fn gather_moves(&mut self, tx: &mut Tx, letters: &[Recipient]) -> Result<()> {
        let told = letters.iter().flat_map(|letter| &letter.notices).filter(|notice| notice.kind == NoticeKind::Moved);
        let ids: BTreeSet<i64> = told.map(|notice| notice.obligation).collect();
        for id in ids {
            let log = tx.log_of(id).await?;
            let last = log.iter().rev().find(|entry| entry.action == Action::MoveDeadline);
            let words = last.and_then(|entry| words::moved(self.known.zone, &entry.detail, self.today));
            self.moves.extend(words.map(|words| (id, words)));
        }
        Ok(())
    }

    /// Takes what these letters have to say of decisions and requests.
    async fn gather_words(&mut self, tx: &mut Tx, letters: &[Recipient]) -> Result<()> {
        let of = |kind: NoticeKind| {
            let notices = letters.iter().flat_map(|letter| &letter.notices).filter(move |notice| notice.kind == kind);
            notices.map(|notice| notice.obligation).collect::<BTreeSet<i64>>()
        };
        let decided: Vec<i64> = of(NoticeKind::Decided).into_iter().collect();
        self.decisions = tx.decisions_on(&decided).await?;
        for id in of(NoticeKind::View) {
            self.requests.extend(tx.requests_of(id).await?);
        }
        Ok(())
    }

    fn item(&self, view: &View) -> LetterItem {
        let item = view.item();
        let note = self.moves.get(&view.id).cloned().or(item.note);
        LetterItem { note, ..item }
    }

    /// What a notice says beside how its obligation stands; none = nothing is left to say.
    fn said(&self, notice: &Notice, obligation: &Obligation) -> Option<Vec<String>> {
        let (zone, today) = (self.known.zone, self.today);
        let words: Vec<String> = match notice.kind {
            NoticeKind::Decided => {
                let post = notice.post.to_string();
                let told =
                    |one: &&Decision| one.obligation == obligation.id && one.tells_at == notice.at && one.tells(&post);
                self.decisions.iter().filter(told).map(|one| decision::line(one, zone, today)).collect()
            }
            NoticeKind::View => {
                let waits = |one: &&Request| {
                    one.obligation == obligation.id && one.decided_at.is_none() && one.endorsed_at.is_none()
                };
                self.requests.iter().filter(waits).map(|one| decision::asked(one, zone, today)).collect()
            }
            _ => return worth_telling(obligation, &notice.post).then(Vec::new),
        };
        (!words.is_empty()).then_some(words)
    }

    /// An obligation as letters show it; none = there is none of that number.
    pub fn view(&self, id: i64) -> std::result::Result<Option<&View>, Arc<SetupError>> {
        self.views.get(&id).map(|view| view.as_ref().map_err(Arc::clone)).transpose()
    }

    fn section(&self, notice: &Notice, obligation: &Obligation) -> SectionKind {
        match notice.kind {
            NoticeKind::Event if obligation.phase == Phase::Missed => SectionKind::EventMissed,
            NoticeKind::Event => SectionKind::Event,
            NoticeKind::Supervise | NoticeKind::Propose => SectionKind::Supervise,
            NoticeKind::Chase if obligation.round.chased_at == Some(notice.at) => SectionKind::Chase,
            NoticeKind::Chase => SectionKind::Overdue,
            NoticeKind::Decided if obligation.phase == Phase::Returned => SectionKind::Returned,
            NoticeKind::Decided => SectionKind::Decided,
            NoticeKind::View => SectionKind::View,
            NoticeKind::Remind if obligation.phase == Phase::Returned => SectionKind::Returned,
            NoticeKind::Remind if self.known.zone.due_day(obligation.round.due_at) <= self.today => {
                SectionKind::DueToday
            }
            NoticeKind::Remind => SectionKind::DueSoon,
            NoticeKind::Moved => SectionKind::Moved,
        }
    }
}

/// Whether it is still worth telling: what was filed, waived or withdrawn meanwhile is not, nor what others owe by now.
fn worth_telling(obligation: &Obligation, post: &PostId) -> bool {
    let owes = !post.role.is_of_unit() || obligation.owners.contains(&post.unit);
    owes && (obligation.phase.is_owed() || obligation.phase == Phase::Lapsed)
}

/// The letter to a mailbox and the notices it takes up; none when nothing is left to say.
fn letter(
    engine: &Engine,
    material: &Material<'_>,
    mailbox: &Recipient,
    due_today: &DueToday,
) -> std::result::Result<Option<(NewLetter, Vec<i64>)>, Arc<SetupError>> {
    let mut sections: BTreeMap<SectionKind, Vec<(&View, Vec<String>)>> = BTreeMap::new();
    let mut gravest: HashMap<i64, (SectionKind, &View, Vec<String>)> = HashMap::new();
    let mut taken = Vec::with_capacity(mailbox.notices.len());
    for notice in &mailbox.notices {
        let Some(view) = material.view(notice.obligation)? else { continue };
        let Some(said) = material.said(notice, view) else { continue };
        taken.push(notice.id);
        // An obligation stands once in a letter, in its gravest section, with all that is said of it.
        let section = material.section(notice, view);
        let (place, _, words) = gravest.entry(notice.obligation).or_insert((section, view, Vec::new()));
        *place = section.min(*place);
        words.extend(said.into_iter().filter(|said| !words.contains(said)).collect::<Vec<_>>());
    }
    if taken.is_empty() {
        return Ok(None);
    }
    for (section, view, words) in gravest.into_values() {
        sections.entry(section).or_default().push((view, words));
    }
    let sections: Vec<LetterSection> =
        sections.into_iter().map(|(kind, views)| LetterSection::new(kind, in_order(material, views))).collect();
    let shown: HashSet<i64> = mailbox.notices.iter().map(|notice| notice.obligation).collect();
    let context = context_rows(material, mailbox, due_today, &shown)?;
    let kind = LetterContext::gravest(&sections).unwrap_or(LetterKind::Today);
    let label = PostId::label;
    let recipient = mailbox.posts.first().map(label).unwrap_or_default();
    let trial = engine
        .settings
        .trial_until
        .filter(|until| material.today < *until)
        .map(|_| mailbox.posts.iter().map(label).collect::<Vec<_>>().join("、"));
    let context = LetterContext {
        kind,
        recipient,
        posts: if mailbox.posts.len() > 1 { mailbox.posts.iter().map(label).collect() } else { Vec::new() },
        date_label: words::date(material.today),
        sections,
        context_rows: context,
        link: true,
        contact: engine.settings.contact.clone(),
        signature: engine.settings.signature.clone(),
        trial,
        note: None,
    };
    let rendered = engine.templates.letter(&context).map_err(SetupError::from)?;
    let posts: Vec<String> = mailbox.posts.iter().map(ToString::to_string).collect();
    let class = if mailbox.event { "event" } else { "letter" };
    let slot_key = slot_key(class, &posts.join(";"), &mailbox.address, material.now);
    let letter = new_letter(engine, slot_key, kind, posts.join(";"), mailbox.address.clone(), rendered, material.now);
    Ok(Some((letter, taken)))
}

fn in_order(material: &Material<'_>, mut views: Vec<(&View, Vec<String>)>) -> Vec<LetterItem> {
    views.sort_by_cached_key(|(view, _)| (words::document_order(&view.duty), view.round.due_at, view.id));
    let item = |(view, words): (&View, Vec<String>)| {
        let item = material.item(view);
        // What was just decided says why it was returned, too.
        let note = if words.is_empty() { item.note } else { Some(words.join("；")) };
        LetterItem { note, ..item }
    };
    views.into_iter().map(item).collect()
}

/// What is due today and has no step of its own: shown to the liaison, and no reason to write.
fn context_rows(
    material: &Material<'_>,
    mailbox: &Recipient,
    due_today: &DueToday,
    shown: &HashSet<i64>,
) -> std::result::Result<Vec<LetterItem>, Arc<SetupError>> {
    let others = mailbox.due_today(due_today).into_iter().filter(|id| !shown.contains(id));
    let views: std::result::Result<Vec<Option<&View>>, Arc<SetupError>> = others.map(|id| material.view(id)).collect();
    Ok(in_order(material, views?.into_iter().flatten().map(|view| (view, Vec::new())).collect()))
}
