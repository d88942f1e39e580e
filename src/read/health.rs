//! How the daemon is doing, read from what it has written: for `status`, `doctor` and the alarm.
//!
//! Looks and judges; changes nothing. What is red is decided here and nowhere else.

use std::collections::BTreeSet;
use std::fmt;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::untold;
use crate::domain::duty::Owner;
use crate::domain::letter::LetterState;
use crate::domain::unit::{PostId, Role, UnitName};
use crate::engine::ground::Ailing;
use crate::engine::known::{Known, STARTS_ON};
use crate::engine::mail_path::{MAIL_DOWN, MailDown};
use crate::engine::{Engine, Job, Result};
use crate::mail::{is_example_address, parse_address};
use crate::read::mail as mail_words;
use crate::store::runs::{Run, Trouble};

/// From which ages on something is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub pass: TimeDelta,
    /// Of the oldest letter that waits.
    pub unsent: TimeDelta,
    /// Of a mail path that is down and may mend by itself.
    pub mail_down: TimeDelta,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    pub now: DateTime<Utc>,
    /// The last run of the step job, the main part of a pass.
    pub last_pass: Option<Run>,
    /// The last run of the deliver job.
    pub last_delivery: Option<Run>,
    /// When the next step is due.
    pub next_step_at: Option<DateTime<Utc>>,
    /// When the oldest letter was written that waits to be sent.
    pub oldest_unsent: Option<DateTime<Utc>>,
    /// When the mail server last took a letter, of the last thirty days.
    pub last_sent: Option<DateTime<Utc>>,
    /// Since when the mail path is down, and why.
    pub mail_down: Option<MailDown>,
    /// Letters that were not sent, by state.
    pub letters: Vec<(LetterState, i64)>,
    /// Rows that could not be worked on.
    pub troubles: Vec<Trouble>,
    /// Where files of so many bytes are taken and fewer are free: what is free.
    pub little_room: Option<(u64, u64)>,
    /// Why nothing can be written, as far as this process has looked.
    pub ailing: Option<Ailing>,
    /// Posts without an address, and how many things each could not be told.
    pub untold: Vec<(PostId, usize)>,
}

impl Health {
    pub async fn look(engine: &Engine) -> Result<Health> {
        let now = engine.clock.now();
        let mut tx = engine.store.read().await?;
        let down = tx.meta(MAIL_DOWN).await?.unwrap_or_default();
        // Before the first start there is no roster.
        let untold = if tx.meta(STARTS_ON).await?.is_some() {
            let known = engine.known_in(&mut tx).await?;
            untold::posts(&mut tx, &known, engine.today()).await?
        } else {
            Vec::new()
        };
        Ok(Health {
            untold: untold.into_iter().map(|(post, ids)| (post, ids.len())).collect(),
            now,
            last_pass: tx.last_run(Job::Step.code()).await?,
            last_delivery: tx.last_run(Job::Deliver.code()).await?,
            next_step_at: tx.next_step_at().await?,
            oldest_unsent: tx.oldest_unsent_letter().await?,
            last_sent: tx.last_sent_since(now - TimeDelta::days(30)).await?,
            mail_down: MailDown::read(&down),
            letters: tx.count_letters().await?,
            troubles: tx.troubles().await?,
            little_room: little_room(engine).await,
            ailing: engine.ground.ailing(),
        })
    }

    pub fn count(&self, state: LetterState) -> i64 {
        self.letters.iter().filter(|(known, _)| *known == state).map(|(_, count)| count).sum()
    }

    /// Letters that may or may not have arrived.
    pub fn in_doubt(&self) -> i64 {
        self.count(LetterState::Unknown)
    }

    /// Letters that a restored copy holds.
    pub fn held(&self) -> i64 {
        self.count(LetterState::Held)
    }

    /// Letters that nobody will send any more.
    pub fn undelivered(&self) -> i64 {
        self.letters.iter().filter(|(state, _)| state.is_undelivered()).map(|(_, count)| count).sum()
    }

    /// What is too old, in words. Nothing = all is well.
    pub fn wrong(&self, limits: Limits) -> Vec<String> {
        self.alarms(limits).iter().map(ToString::to_string).collect()
    }

    /// What is too old. Nothing = all is well.
    pub fn alarms(&self, limits: Limits) -> Vec<Alarm> {
        let mut alarms = Vec::new();
        if let Some(Ailing { since, words }) = &self.ailing {
            alarms.push(Alarm::Unwritable(self.now - *since, words.clone()));
        }
        match &self.last_pass {
            None => alarms.push(Alarm::NoPass),
            Some(run) => {
                let age = self.now - run.finished_at;
                if age > limits.pass {
                    alarms.push(Alarm::OldPass(age));
                }
                if let Some(error) = &run.error {
                    alarms.push(Alarm::FailedPass(error.clone()));
                }
            }
        }
        if let Some(age) = self.oldest_unsent.map(|at| self.now - at).filter(|age| *age > limits.unsent) {
            alarms.push(Alarm::Unsent(age));
        }
        // What does not mend by waiting is red at once.
        if let Some(down) = &self.mail_down
            && (down.refused || self.now - down.since > limits.mail_down)
        {
            alarms.push(Alarm::MailDown(self.now - down.since, down.clone()));
        }
        alarms.extend(self.little_room.map(|(free, largest)| Alarm::LittleRoom { free, largest }));
        if !self.untold.is_empty() {
            alarms.push(Alarm::Untold(self.untold.clone()));
        }
        if self.held() > 0 {
            alarms.push(Alarm::Held(self.held()));
        }
        alarms
    }
}

/// What is free for evidence and how large a file may be, where one that is allowed would not fit. What cannot be looked at
/// is told by whoever needs it.
async fn little_room(engine: &Engine) -> Option<(u64, u64)> {
    let vault = engine.vault.as_ref()?;
    let free = vault.free().await.ok()?;
    (free < vault.largest()).then_some((free, vault.largest()))
}

/// One thing that is wrong. Said in English to whoever runs the machine, in Chinese on the console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Alarm {
    /// Nothing can be written since then, and why: a full disk stops passes, filings and mail alike.
    Unwritable(TimeDelta, String),
    /// No pass has ever been made.
    NoPass,
    /// The last pass is so old.
    OldPass(TimeDelta),
    FailedPass(String),
    /// The oldest unsent letter is so old.
    Unsent(TimeDelta),
    /// The mail path has been down for so long, and why.
    MailDown(TimeDelta, MailDown),
    /// Fewer bytes are free for evidence than one file may have.
    LittleRoom {
        free: u64,
        largest: u64,
    },
    /// These posts have no address; so many things could not be told each.
    Untold(Vec<(PostId, usize)>),
    /// So many letters of a restored copy wait for the office.
    Held(i64),
}

impl fmt::Display for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Alarm::Unwritable(age, why) => write!(f, "nothing can be written for {}: {why}", words(*age)),
            Alarm::NoPass => f.write_str("no pass has ever been made"),
            Alarm::OldPass(age) => write!(f, "the last pass is {} old", words(*age)),
            Alarm::FailedPass(error) => write!(f, "the last pass failed: {error}"),
            Alarm::Unsent(age) => write!(f, "the oldest unsent letter is {} old", words(*age)),
            Alarm::Untold(posts) => {
                let named: Vec<String> = posts.iter().map(|(post, n)| format!("{post} ({n} untold)")).collect();
                write!(f, "without an address: {}; give each one with `duban post set`", named.join(", "))
            }
            Alarm::MailDown(age, down) => {
                let remedy = mail_words::remedy(down.reason);
                write!(f, "the mail path has been down for {}: {}; {remedy}", words(*age), mail_down_words(down))
            }
            Alarm::LittleRoom { free, largest } => {
                let [free, largest] = [free, largest].map(|bytes| bytes / 1_000_000);
                write!(f, "the evidence store is full: {free} MB are free, and a file may have {largest} MB")
            }
            Alarm::Held(count) => write!(
                f,
                "{count} letters are held since a backup was restored, they may have been sent before: the office \
                 sends or drops them (`duban letter release`, or 邮件 in the console)"
            ),
        }
    }
}

impl Alarm {
    /// For anybody who asks: nothing that a server, an error or a person has said.
    pub fn brief(&self) -> String {
        match self {
            Alarm::FailedPass(_) => "the last pass failed".to_owned(),
            Alarm::Unwritable(age, _) => format!("nothing can be written for {}", words(*age)),
            Alarm::Untold(posts) => format!("{} posts have no address and are not told", posts.len()),
            Alarm::MailDown(age, down) => {
                let (why, remedy) = (mail_words::english(down.reason), mail_words::remedy(down.reason));
                format!("the mail path has been down for {}: {why}; {remedy}", words(*age))
            }
            other => other.to_string(),
        }
    }

    pub fn label(&self) -> String {
        match self {
            Alarm::Unwritable(age, why) => format!("数据已有{}无法写入（报送、巡检、邮件均停止）：{why}", label(*age)),
            Alarm::NoPass => "从未巡检".to_owned(),
            Alarm::OldPass(age) => format!("已有{}未巡检", label(*age)),
            Alarm::FailedPass(error) => format!("最近一次巡检失败：{error}"),
            Alarm::Unsent(age) => format!("最早一封待发邮件已等候{}", label(*age)),
            Alarm::Untold(posts) => {
                let named: Vec<String> =
                    posts.iter().map(|(post, n)| format!("{}（{n}项未能告知）", post.label())).collect();
                format!("没有邮箱，无法告知：{}；请在“岗位”页补填，补填后自动补发", named.join("、"))
            }
            Alarm::MailDown(age, down) => {
                let remedy = mail_words::what_to_do(down.reason);
                format!("邮件通道已中断{}，各封邮件均已留存待发：{}。{remedy}", label(*age), mail_down_label(down))
            }
            Alarm::LittleRoom { free, largest } => {
                let [free, largest] = [free, largest].map(|bytes| bytes / 1_000_000);
                format!("佐证存储空间已满：仅剩{free} MB，而单个文件可达{largest} MB，附文件的报送可能收不下")
            }
            Alarm::Held(count) => {
                format!("恢复备份后有 {count} 封邮件暂停发送（可能早已发出），请值班人员在“邮件”中确认发送或不再发送")
            }
        }
    }
}

/// Why the mail path is down, for whoever runs the machine: the reason, and what was said.
pub fn mail_down_words(down: &MailDown) -> String {
    format!("{} ({} {})", mail_words::english(down.reason), down.stage.code(), down.reply)
}

/// The same for the office.
pub fn mail_down_label(down: &MailDown) -> String {
    let said = if down.reply.is_empty() { String::new() } else { format!("（对方应答：{}）", down.reply) };
    format!("{}{said}", mail_words::label(down.reason))
}

/// A length of time as the console says it: `3日4小时`, `12分钟`, `40秒`.
pub fn label(age: TimeDelta) -> String {
    let seconds = age.num_seconds().max(0);
    match seconds {
        0..60 => format!("{seconds}秒"),
        60..3600 => format!("{}分钟", seconds / 60),
        3600..86_400 => format!("{}小时{}分钟", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{}日{}小时", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

/// A length of time for people: `3 d 4 h`, `12 min`, `40 s`.
pub fn words(age: TimeDelta) -> String {
    let seconds = age.num_seconds().max(0);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86_400 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

/// The posts to which a letter can go: those of every unit that owes something by the catalogue in force, and the office.
/// In a trial, the office alone.
pub fn mailed_posts(known: &Known, today: NaiveDate, trial: bool) -> Vec<PostId> {
    let mut posts = vec![known.roster.office_post()];
    let Some(version) = known.version_on(today).filter(|_| !trial) else { return posts };
    let mut owing: BTreeSet<&UnitName> = BTreeSet::new();
    for owner in version.catalogue.duties.iter().flat_map(|duty| &duty.owed_by) {
        match owner {
            Owner::Unit(name) => {
                owing.insert(name);
            }
            Owner::Group(name) => owing.extend(known.roster.members(name, today).map(|unit| &unit.name)),
        }
    }
    for unit in known.roster.units.iter().filter(|unit| unit.active_on(today) && owing.contains(&unit.name)) {
        posts.extend([Role::Liaison, Role::Deputy, Role::Head].map(|role| PostId { unit: unit.name.clone(), role }));
    }
    posts
}

/// Of these posts, those without an address, and those with one that only stands for an address.
pub fn unreachable_posts(known: &Known, posts: &[PostId], today: NaiveDate) -> (Vec<PostId>, Vec<PostId>) {
    let (mut without, mut example) = (Vec::new(), Vec::new());
    for post in posts {
        match known.address(post, today).map(parse_address) {
            None | Some(Err(_)) => without.push(post.clone()),
            Some(Ok(address)) if is_example_address(&address) => example.push(post.clone()),
            Some(Ok(_)) => {}
        }
    }
    (without, example)
}
