//! 督办清单: on each workday at 09:00, empty or not, one letter to the office. Its absence is the alarm.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::Serialize;

use super::restored;
use super::trouble::{self, Troubled};
use super::write::Material;
use crate::domain::letter::{LetterKind, LetterState};
use crate::domain::phase::Phase;
use crate::domain::slot::MORNING;
use crate::domain::step::NoticeKind;
use crate::domain::unit::PostId;
use crate::engine::known::Known;
use crate::engine::outbox::new_letter;
use crate::engine::{Engine, Result};
use crate::mail::{DigestContext, DigestTotals, LapsedRow, LetterItem, Rendered, UndeliveredRow, UntoldRow, fill_link};
use crate::read::view::View;
use crate::read::{day, untold, words};
use crate::store::Tx;
use crate::store::letters::LetterRow;
use crate::store::requests::{Request, RequestKind};
use crate::store::row::Stored;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Digested {
    pub written: bool,
    pub misses: u64,
    /// 通报建议 it lists.
    pub proposals: u64,
}

/// So many 通报建议 and 未提醒 are listed each; how many more there are is said.
const LISTED: usize = 50;
/// Up to which instant steps were settled when the last digest was written: what was settled later is news to the next.
const LAST: &str = "digest_at";
/// A gap in the passes that the digest speaks of.
const GAP: TimeDelta = TimeDelta::minutes(15);
/// The instant of the last pass, kept by [`note_gap`].
const SEEN: &str = "seen_at";
/// Times at which the watcher was down since the last digest: lines of `from until`.
const DOWN: &str = "down";

pub async fn run(engine: &Engine, now: DateTime<Utc>) -> Result<Digested> {
    let known = engine.known().await?;
    let today = known.zone.day_of(now);
    let slot = known.zone.at(today, MORNING);
    if !known.calendar.is_workday(today) || now < slot || slot < known.starts_at() {
        return Ok(Digested::default());
    }
    let key = format!("digest/{today}");
    let mut tx = engine.store.write().await?;
    if tx.letter_exists(&key).await? {
        return Ok(Digested::default());
    }
    let (since, proposals) = news(&mut tx, &known, now).await?;
    let context = gather(engine, &mut tx, &known, since, now).await?;
    let post = known.roster.office_post();
    let Some(address) = known.address(&post, today) else {
        trouble::record(&mut tx, &Troubled::Post(post), now, "has no address: the digest cannot be written").await?;
        tx.commit().await?;
        return Ok(Digested::default());
    };
    let done = Digested {
        written: true,
        misses: (context.new_misses.len() + context.standing.len()) as u64,
        proposals: proposals.len() as u64,
    };
    match engine.templates.digest(&context) {
        Ok(rendered) => {
            let mut letter =
                new_letter(engine, key, LetterKind::Digest, post.to_string(), address.to_owned(), rendered, now);
            letter.held = restored::in_force(&mut tx).await?.is_some_and(|restored| restored.covers(slot));
            let Some(number) = tx.insert_letter(&letter).await? else { return Ok(Digested::default()) };
            tx.take_notices(number, &proposals).await?;
            let settled = settled_until(&mut tx, now).await?;
            tx.set_meta(LAST, &settled.to_rfc3339()).await?;
            tx.set_meta(DOWN, "").await?;
            trouble::end(&mut tx, &[Troubled::Post(post), Troubled::Digest]).await?;
            tx.commit().await?;
            Ok(done)
        }
        Err(error) => {
            trouble::record(&mut tx, &Troubled::Digest, now, &error.to_string()).await?;
            tx.commit().await?;
            tracing::error!("the digest cannot be written: {error}");
            Ok(Digested::default())
        }
    }
}

/// Up to which instant everything that was due has been settled.
async fn settled_until(tx: &mut Tx, now: DateTime<Utc>) -> Result<DateTime<Utc>> {
    let waiting = tx.next_step_at().await?.filter(|next| *next <= now);
    Ok(waiting.map_or(now, |next| next - TimeDelta::seconds(1)))
}

/// Since when there is news, and the notices of proposals that no digest has yet.
async fn news(tx: &mut Tx, known: &Known, now: DateTime<Utc>) -> Result<(DateTime<Utc>, Vec<i64>)> {
    let since = tx.meta(LAST).await?.and_then(|text| text.parse().ok()).unwrap_or_else(|| known.starts_at());
    let notices = tx.unwritten_notices(now, usize::MAX).await?.into_iter();
    let proposals = notices.filter(|notice| notice.kind == NoticeKind::Propose);
    Ok((since, proposals.map(|notice| notice.id).collect()))
}

/// Troubled and text of the newest digest, its link without what opens it; or, where there is none or `now` is asked for,
/// of what it would say now.
pub async fn shown(engine: &Engine, now: bool) -> Result<(String, String)> {
    let newest = if now { None } else { newest(engine).await? };
    let (subject, text) = if let Some(letter) = newest {
        letter
    } else {
        let rendered = preview(engine).await?;
        (rendered.subject, rendered.text)
    };
    Ok((subject, fill_link(&text, engine.settings.public_url.as_deref()).trim_end().to_owned()))
}

async fn newest(engine: &Engine) -> Result<Option<(String, String)>> {
    let mut tx = engine.store.read().await?;
    let Some(id) = tx.newest_letter(LetterKind::Digest).await? else { return Ok(None) };
    Ok(tx.letter_text(id).await?)
}

/// What a digest would say if it were written now. Writes nothing.
pub async fn preview(engine: &Engine) -> Result<Rendered> {
    let now = engine.clock.now();
    let mut tx = engine.store.read().await?;
    let known = engine.known_in(&mut tx).await?;
    let (since, _) = news(&mut tx, &known, now).await?;
    let context = gather(engine, &mut tx, &known, since, now).await?;
    Ok(engine.templates.digest(&context)?)
}

/// Notes that the daemon is at work, and whether it was down before: the next digest says so. For the daemon alone; a
/// simulation's clock leaps without anything being down.
pub async fn note_gap(engine: &Engine, now: DateTime<Utc>) -> Result<()> {
    let mut tx = engine.store.read().await?;
    let seen: Option<DateTime<Utc>> = tx.meta(SEEN).await?.and_then(|text| text.parse().ok());
    let gap = seen.filter(|seen| now - *seen > GAP);
    if seen.is_some_and(|seen| gap.is_none() && now - seen < TimeDelta::minutes(5) && now >= seen) {
        return Ok(());
    }
    let down = tx.meta(DOWN).await?.unwrap_or_default();
    drop(tx);
    let mut tx = engine.store.write().await?;
    if let Some(seen) = gap {
        tx.set_meta(DOWN, format!("{down}\n{} {}", seen.to_rfc3339(), now.to_rfc3339()).trim()).await?;
    }
    tx.set_meta(SEEN, &now.to_rfc3339()).await?;
    Ok(tx.commit().await?)
}

async fn gather(
    engine: &Engine,
    tx: &mut Tx,
    known: &Known,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<DigestContext> {
    let today = known.zone.day_of(now);
    let mut new = tx.missed_between(since, now).await?;
    new.sort_by_cached_key(|row| {
        let obligation = &row.obligation;
        (
            words::document_order(&obligation.duty),
            words::roster_order(known, &obligation.owners),
            obligation.round.due_at,
        )
    });
    let standing = tx.live_obligations(Phase::Missed).await?;
    let waiting = tx.live_obligations(Phase::Waiting).await?;
    let unreminded = tx.unreminded_misses(LISTED).await?;
    let more_unreminded = tx.count_unreminded().await?.saturating_sub(unreminded.len() as u64);
    let proposals = tx.proposed(LISTED).await?;
    let more_proposals = tx.count_proposed().await?.saturating_sub(proposals.len() as u64);
    let lapsed = tx.lapsed_between(since, now).await?;
    let requests = tx.pending_requests().await?;
    let lists = [&new, &standing, &waiting, &unreminded, &proposals, &lapsed];
    let mut rows: Vec<Stored> = lists.into_iter().flatten().cloned().collect();
    let there: HashSet<i64> = rows.iter().map(|row| row.obligation.id).collect();
    let asked_for: BTreeSet<i64> = requests.iter().map(|request| request.obligation).collect();
    let missing: Vec<i64> = asked_for.into_iter().filter(|id| !there.contains(id)).collect();
    rows.extend(tx.obligations(&missing).await?);
    let material = Material::gather(tx, known, &rows, now).await?;
    let new_ids: HashSet<i64> = new.iter().map(|row| row.obligation.id).collect();
    let told: Vec<Stored> = standing.into_iter().filter(|row| !new_ids.contains(&row.obligation.id)).collect();
    let undelivered = tx.undelivered_letters(since).await?;
    let untold = untold::posts(tx, known, today).await?;
    let down = tx.meta(DOWN).await?.unwrap_or_default();
    let mut watcher: Vec<String> = down.lines().filter_map(|line| down_line(known, line)).collect();
    watcher.extend(held_line(tx, known).await?);
    let totals = totals(tx, known, since, today).await?;
    let trial = engine.settings.trial_until.filter(|until| today < *until).map(|_| known.roster.office_post().label());
    Ok(DigestContext {
        recipient: known.roster.office_post().label(),
        date_label: words::date(today),
        new_misses: items(
            &material,
            new.iter().filter(|row| row.obligation.phase.is_overdue()).map(|row| row.obligation.id),
        ),
        standing: items(&material, by_age(known, told).iter().map(|row| row.obligation.id)),
        proposals: items(&material, proposals.iter().map(|row| row.obligation.id)),
        waiting_review: items(&material, waiting.iter().map(|row| row.obligation.id)),
        extensions: asked(&material, known, &requests, RequestKind::Extension, today),
        disputes: asked(&material, known, &requests, RequestKind::Dispute, today),
        undelivered: undelivered.iter().map(|letter| undelivered_row(known, letter)).collect(),
        untold: untold::rows(tx, known, &untold, today).await?.into_iter().map(untold_row).collect(),
        unreminded: items(&material, unreminded.iter().map(|row| row.obligation.id)),
        more_proposals,
        more_unreminded,
        lapsed: lapsed_by_duty(&material, &lapsed),
        watcher,
        totals,
        link: true,
        contact: engine.settings.contact.clone(),
        signature: engine.settings.signature.clone(),
        trial,
        note: None,
    })
}

/// The oldest first, and of the same age the longest row first.
fn by_age(known: &Known, mut rows: Vec<Stored>) -> Vec<Stored> {
    rows.sort_by_key(|row| {
        let obligation = &row.obligation;
        let place = words::roster_order(known, &obligation.owners);
        (
            obligation.round.due_at,
            std::cmp::Reverse(obligation.round.streak),
            words::document_order(&obligation.duty),
            place,
        )
    });
    rows
}

/// Owners, each with the periods that it missed.
type Missed = Vec<(String, Vec<String>)>;

/// What closed as missed, a line a duty in the document's order, its owners in the order of their deadlines.
fn lapsed_by_duty(material: &Material<'_>, rows: &[Stored]) -> Vec<LapsedRow> {
    let mut duties: BTreeMap<_, (LapsedRow, Missed)> = BTreeMap::new();
    for view in rows.iter().filter_map(|row| material.view(row.obligation.id).ok()?) {
        let (line, owners) = duties.entry(words::document_order(&view.duty)).or_default();
        line.duty.clone_from(&view.duty.0);
        line.title.clone_from(&view.title);
        line.count += 1;
        match owners.iter_mut().find(|(owner, _)| *owner == view.owners_label) {
            Some((_, periods)) => periods.push(view.period_label.clone()),
            None => owners.push((view.owners_label.clone(), vec![view.period_label.clone()])),
        }
    }
    let said = |(owner, periods): (String, Vec<String>)| format!("{owner}（{}）", periods.join("、"));
    let line = |(line, owners): (LapsedRow, Missed)| {
        let owners: Vec<String> = owners.into_iter().map(said).collect();
        LapsedRow { owners: owners.join("、"), ..line }
    };
    duties.into_values().map(line).collect()
}

fn items(material: &Material<'_>, ids: impl Iterator<Item = i64>) -> Vec<LetterItem> {
    ids.filter_map(|id| material.view(id).ok()?.map(View::item)).collect()
}

fn asked(
    material: &Material<'_>,
    known: &Known,
    requests: &[Request],
    kind: RequestKind,
    today: NaiveDate,
) -> Vec<LetterItem> {
    let of_kind = requests.iter().filter(|request| request.kind == kind);
    let item = |request: &Request| {
        let mut item = material.view(request.obligation).ok()??.item();
        let until = request.until_at.map(|until| format!("申请延至{}；", words::deadline(known.zone, until, today)));
        item.note = Some(format!("{}理由：{}", until.unwrap_or_default(), request.reason));
        Some(item)
    };
    of_kind.filter_map(item).collect()
}

fn undelivered_row(known: &Known, letter: &LetterRow) -> UndeliveredRow {
    UndeliveredRow {
        post: letter.posts.clone(),
        letter: letter.kind.label().to_owned(),
        since: words::moment(known.zone, letter.written_at),
        state: letter.state.label().to_owned(),
        reason: letter.reply.clone().unwrap_or_default(),
    }
}

fn untold_row((post, what): (PostId, String)) -> UntoldRow {
    UntoldRow { post: post.label(), what }
}

/// Letters that a restored copy holds.
async fn held_line(tx: &mut Tx, known: &Known) -> Result<Option<String>> {
    let counts = tx.count_letters().await?;
    let held: i64 = counts.iter().filter(|(state, _)| *state == LetterState::Held).map(|(_, count)| count).sum();
    let Some(restored) = restored::in_force(tx).await?.filter(|_| held > 0) else { return Ok(None) };
    let taken = words::moment(known.zone, restored.taken_at);
    Ok(Some(format!("本系统由{taken}的备份恢复，此前的邮件 {held} 封暂停发送，请在“邮件”中确认发送或不再发送")))
}

fn down_line(known: &Known, line: &str) -> Option<String> {
    let (from, until) = line.split_once(' ')?;
    let from = words::moment(known.zone, from.parse().ok()?);
    let until = words::moment(known.zone, until.parse().ok()?);
    Some(format!("本系统自{from}至{until}未运行，期间到期的提醒已合并补发"))
}

async fn totals(tx: &mut Tx, known: &Known, since: DateTime<Utc>, today: NaiveDate) -> Result<DigestTotals> {
    let mut totals = DigestTotals::default();
    let ahead = [Phase::Open, Phase::Returned];
    for phase in ahead {
        totals.open += tx.count_live(phase).await?;
    }
    totals.due_today = day::due_on(tx, known, today, &ahead).await?.len() as u64;
    totals.overdue = tx.count_live(Phase::Missed).await?;
    totals.open += totals.overdue;
    totals.closed_on_time = tx.count_filed_since(since, false).await?;
    totals.made_good = tx.count_filed_since(since, true).await?;
    // No letter is tried for longer than this.
    totals.letters_sent = tx.count_sent_since(since - TimeDelta::days(10), since).await?;
    Ok(totals)
}
