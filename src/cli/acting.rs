//! What the acting commands share: who acts, and instants as people write them.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat, Utc};

use crate::acts::{ActError, Actor};
use crate::domain::calendar::Zone;
use crate::domain::refusal::who::NoSuch;
use crate::domain::unit::{PostId, Role};
use crate::engine::Engine;
use crate::engine::doubt::CLOCK_DOUBT;
use crate::engine::known::Known;
use crate::store::row::Stored;

/// Which post acts.
#[derive(Debug, Clone, clap::Args)]
pub struct As {
    /// The post that acts, as the log will say (质安处/liaison)
    #[arg(id = "as", long, value_name = "POST", value_parser = post)]
    pub post: Option<PostId>,
}

/// A post as an argument: `质安处/liaison`.
pub fn post(written: &str) -> Result<PostId, String> {
    let help = "posts are written UNIT/ROLE, with ROLE one of liaison, deputy, head, office, admin, auditor";
    PostId::parse(written).ok_or_else(|| help.into())
}

/// An instant as people write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// `2022-10-31`.
    Day(NaiveDate),
    /// `2022-10-31 17:30`, local.
    Local(NaiveDateTime),
    /// `2022-10-31T17:30:00+08:00`.
    Instant(DateTime<Utc>),
}

impl Moment {
    /// The instant by which something is due: a day means 24:00 of it.
    pub fn deadline(self, zone: Zone) -> DateTime<Utc> {
        match self {
            Moment::Day(day) => zone.end_of(day),
            other => other.instant(zone),
        }
    }

    /// The instant at which something happened: a day means 00:00 of it.
    pub fn instant(self, zone: Zone) -> DateTime<Utc> {
        let instant = match self {
            Moment::Day(day) => zone.start_of(day),
            Moment::Local(local) => zone.at(local.date(), local.time()),
            Moment::Instant(instant) => instant,
        };
        // Instants are whole seconds.
        DateTime::from_timestamp(instant.timestamp(), 0).unwrap_or(instant)
    }
}

/// An instant as an argument.
pub fn moment(written: &str) -> Result<Moment, String> {
    let help = "instants are written 2022-10-31 (until 24:00), \"2022-10-31 17:30\" or 2022-10-31T17:30:00+08:00";
    if let Some(day) = crate::catalogue::grammar::date(written) {
        return Ok(Moment::Day(day));
    }
    let local = |form: &str| NaiveDateTime::parse_from_str(written, form).ok();
    let found =
        ["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"].into_iter().find_map(local);
    if let Some(local) = found {
        return Ok(Moment::Local(local));
    }
    // People write 24:00 where they mean the end of a day.
    if let Some(day) = written.strip_suffix(" 24:00").and_then(crate::catalogue::grammar::date)
        && let Some(next) = day.succ_opt()
    {
        return Ok(Moment::Local(next.and_time(NaiveTime::MIN)));
    }
    DateTime::parse_from_rfc3339(written).map(|at| Moment::Instant(at.with_timezone(&Utc))).map_err(|_| help.to_owned())
}

/// The instant for lists: RFC 3339 with the local offset.
pub fn local(zone: Zone, instant: DateTime<Utc>) -> String {
    zone.local(instant).to_rfc3339_opts(SecondsFormat::Secs, false)
}

/// Does something as a post, now.
pub async fn act<T>(
    engine: &Engine,
    by: &PostId,
    act: impl AsyncFnOnce(&Actor<'_>) -> Result<T, ActError>,
) -> anyhow::Result<T> {
    let known = engine.known().await?;
    learn_of_doubt(engine).await?;
    let actor = Actor { engine, known: &known, by, lent: None, now: engine.clock.now() };
    Ok(act(&actor).await?)
}

/// The daemon has watched the clock and this process has not: what it found stands in the database.
pub async fn learn_of_doubt(engine: &Engine) -> anyhow::Result<()> {
    if engine.store.read().await?.meta(CLOCK_DOUBT).await?.is_some_and(|since| !since.is_empty()) {
        engine.watch.held_elsewhere();
    }
    Ok(())
}

/// The post that acts where none is given: the office's.
pub async fn office(engine: &Engine, given: &As) -> anyhow::Result<PostId> {
    Ok(match &given.post {
        Some(post) => post.clone(),
        None => engine.known().await?.roster.office_post(),
    })
}

/// The post that asks about an obligation where none is given: its first owner's liaison.
pub async fn liaison_of(engine: &Engine, given: &As, id: i64) -> anyhow::Result<PostId> {
    if let Some(post) = &given.post {
        return Ok(post.clone());
    }
    let mut tx = engine.store.read().await?;
    let stored = tx.obligation(id).await?;
    drop(tx);
    let unit = stored.and_then(|stored| stored.obligation.owners.first().cloned());
    let unit = unit.ok_or_else(|| ActError::from(NoSuch::NoObligation(id)))?;
    Ok(PostId { unit, role: Role::Liaison })
}

/// One line on how an obligation stands, for the terminal.
pub fn standing(known: &Known, stored: &Stored) -> String {
    let obligation = &stored.obligation;
    let today = known.zone.day_of(obligation.round.due_at);
    let due = crate::read::words::deadline(known.zone, obligation.round.due_at, today);
    let owners = crate::read::words::owners(&obligation.owners);
    let word = crate::domain::light::word(obligation);
    format!("{} {} {owners} {} 截止 {due}：{word}", obligation.id, obligation.duty, obligation.period)
}

/// What changed the catalogue, roster, calendar or windows takes effect at once, also where no daemon runs.
///
/// # Errors
/// The job could not do its work; the change itself stands.
pub async fn settle(engine: &Engine) -> anyhow::Result<String> {
    Ok(match crate::jobs::run(engine, crate::engine::Job::Materialise).await? {
        crate::jobs::Summary::Materialise(made) => format!(
            "obligations: {} made, {} changed, {} withdrawn, {} owed again",
            made.made, made.changed, made.withdrawn, made.revived
        ),
        _ => String::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZONE: Zone = Zone(chrono_tz::Asia::Shanghai);

    #[test]
    fn instants_as_people_write_them() {
        let due = |text: &str| moment(text).map(|moment| local(ZONE, moment.deadline(ZONE)));
        assert_eq!(due("2022-10-31").unwrap(), "2022-11-01T00:00:00+08:00");
        assert_eq!(due("2022-10-31 24:00").unwrap(), "2022-11-01T00:00:00+08:00");
        assert_eq!(due("2022-10-31 17:30").unwrap(), "2022-10-31T17:30:00+08:00");
        assert_eq!(due("2022-10-31T09:30:00Z").unwrap(), "2022-10-31T17:30:00+08:00");
        assert!(due("2022-02-30").is_err());
        assert!(due("tomorrow").is_err());
    }

    #[test]
    fn posts_as_people_write_them() {
        assert_eq!(post("质安处/liaison").unwrap().to_string(), "质安处/liaison");
        for wrong in ["质安处", "/head", "质安处/boss"] {
            assert!(post(wrong).is_err(), "{wrong}");
        }
    }
}
