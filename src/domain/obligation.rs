//! An obligation = duty × owner × period: its phases, and what people may do to it.
//!
//! What time does to it is in [`super::step`]. Every change is a value: the new obligation. Refusals say why in the
//! words shown to the person who asked.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::{
    calendar::Zone,
    duty::{Duty, DutyId, Form},
    plan::Owed,
    quota::{self, Filing},
    unit::UnitName,
};

/// Where an obligation stands. Its light follows from this and from whether it is late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Not open yet.
    Scheduled,
    Open,
    /// 退回: open again, with a deadline of its own.
    Returned,
    /// 逾期未办: declared missed, can still be made good.
    Missed,
    /// 待审: the quota is met, it closes on acceptance.
    Waiting,
    /// Closed: filed, in time or late.
    Done,
    /// Closed as missed: making good has ended.
    Lapsed,
    /// 免除.
    Waived,
    /// Taken back before it opened: the catalogue, calendar or roster changed.
    Withdrawn,
    /// 异议成立: not its duty.
    Upheld,
}

impl Phase {
    pub const ALL: [Phase; 10] = [
        Phase::Scheduled,
        Phase::Open,
        Phase::Returned,
        Phase::Missed,
        Phase::Waiting,
        Phase::Done,
        Phase::Lapsed,
        Phase::Waived,
        Phase::Withdrawn,
        Phase::Upheld,
    ];

    /// The code used in tables and exports.
    pub fn code(self) -> &'static str {
        match self {
            Phase::Scheduled => "scheduled",
            Phase::Open => "open",
            Phase::Returned => "returned",
            Phase::Missed => "missed",
            Phase::Waiting => "waiting",
            Phase::Done => "done",
            Phase::Lapsed => "lapsed",
            Phase::Waived => "waived",
            Phase::Withdrawn => "withdrawn",
            Phase::Upheld => "upheld",
        }
    }

    pub fn from_code(code: &str) -> Option<Phase> {
        Phase::ALL.into_iter().find(|phase| phase.code() == code)
    }

    /// Whether boards and reports count it: it has opened, or was closed by somebody before, and was not taken back.
    pub fn is_counted(self) -> bool {
        !matches!(self, Phase::Scheduled | Phase::Withdrawn)
    }

    /// Whether it is counted and not settled for good: somebody or the office still has to do something.
    pub fn is_live(self) -> bool {
        self.is_owed() || self == Phase::Waiting
    }

    /// Whether somebody still has to do something.
    pub fn is_owed(self) -> bool {
        matches!(self, Phase::Open | Phase::Returned | Phase::Missed)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Obligation {
    /// The database's number for it; 0 = not stored yet.
    pub id: i64,
    /// Counts its changes: what compare-and-swap compares.
    pub revision: i64,
    pub duty: DutyId,
    pub form: Form,
    /// Who owes it: one unit, or all owners of a joint one.
    pub owners: Vec<UnitName>,
    /// Whether any of the owners can fulfil it for all.
    pub joint: bool,
    /// The period's key (`2022-Q1`, `node:2022-10-01`).
    pub period: String,
    pub opens_at: DateTime<Utc>,
    /// Where its period ends.
    pub period_end: DateTime<Utc>,
    /// The deadline in force.
    pub due_at: DateTime<Utc>,
    /// The deadline it was made with.
    pub first_due_at: DateTime<Utc>,
    /// The civil day of that deadline less one second: the day, and the month, in which it is counted for good.
    pub due_on: NaiveDate,
    pub phase: Phase,
    /// Whether a reminder has come due.
    pub reminded: bool,
    /// Late is late for ever: a filing that met the quota came after the deadline it had.
    pub late: bool,
    /// Whether the filing that was first returned was late; refiled in time keeps that light.
    pub returned_late: Option<bool>,
    /// When the miss of the deadline in force was declared.
    pub missed_at: Option<DateTime<Utc>>,
    /// 未提醒: a reminder was due and none was accepted by the mail server before the due instant.
    pub unreminded: bool,
    /// The office let a 未提醒 miss count.
    pub confirmed: bool,
    /// When the quota was met.
    pub filed_at: Option<DateTime<Utc>>,
    pub closed_at: Option<DateTime<Utc>>,
    pub accepted_at: Option<DateTime<Utc>>,
    /// Its place in its row of misses when it was chased: 1 = the first in a row.
    pub streak: Option<i32>,
    /// How often it got a new deadline; each round climbs the ladder anew.
    pub round: i32,
    /// 催办, 督办 and 通报建议 of this round: the slot in which each came due.
    pub chased_at: Option<DateTime<Utc>>,
    /// See `chased_at`.
    pub supervised_at: Option<DateTime<Utc>>,
    /// See `chased_at`.
    pub proposed_at: Option<DateTime<Utc>>,
    /// Steps of this round up to this instant are void: before the first start, or before the new deadline was given.
    pub armed_at: DateTime<Utc>,
    /// Steps up to this instant have been settled.
    pub settled_to: DateTime<Utc>,
    /// When anything will have to happen to it next.
    pub next_at: Option<DateTime<Utc>>,
}

/// Why something cannot be done, in the words shown to the person who asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub String);

fn refuse<T>(words: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal(words.into()))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Unmet,
    /// Enough, done and filed in time.
    InTime(DateTime<Utc>),
    /// Enough, but only with what was done or filed late.
    Late(DateTime<Utc>),
}

/// What an act must satisfy to count for an obligation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first civil day on which an act counts.
    pub first: NaiveDate,
    /// The last civil day on which an act is in time.
    pub last_in_time: NaiveDate,
    /// The last instant at which a filing is in time.
    pub filed_by: DateTime<Utc>,
    /// Whether acts after `last_in_time` count for making good.
    pub later_acts: bool,
}

impl Obligation {
    /// An obligation as the plan gives it, before anything has happened to it. Steps up to `armed_at` are void.
    pub fn planned(owed: Owed, joint: bool, armed_at: DateTime<Utc>, zone: Zone) -> Obligation {
        Obligation {
            id: 0,
            revision: 0,
            duty: owed.duty,
            form: owed.form,
            owners: owed.owners,
            joint,
            period: owed.period.to_string(),
            opens_at: owed.opens_at,
            period_end: owed.period_end,
            due_at: owed.due_at,
            first_due_at: owed.due_at,
            due_on: zone.due_day(owed.due_at),
            phase: Phase::Scheduled,
            reminded: false,
            late: false,
            returned_late: None,
            missed_at: None,
            unreminded: false,
            confirmed: false,
            filed_at: None,
            closed_at: None,
            accepted_at: None,
            streak: None,
            round: 0,
            chased_at: None,
            supervised_at: None,
            proposed_at: None,
            armed_at,
            settled_to: armed_at,
            next_at: Some(owed.opens_at),
        }
    }

    /// What the plan says now, before it has opened. A deadline that the office moved stays moved.
    #[must_use]
    pub fn replanned(&self, planned: Obligation) -> Obligation {
        let mut next = Obligation { id: self.id, revision: self.revision, ..planned };
        if self.round > 0 && self.phase != Phase::Withdrawn {
            next.due_at = self.due_at;
            next.round = self.round;
        }
        next
    }

    /// The name of its series: one duty, owner and form.
    pub fn series(&self) -> String {
        series_key(&self.duty, self.form, self.joint, &self.owners)
    }

    /// When an act must be done, and filed, to count.
    pub fn window(&self, duty: &Duty, grace_end: DateTime<Utc>, zone: Zone) -> Window {
        Window {
            first: zone.day_of(self.opens_at),
            last_in_time: zone.due_day(self.period_end.max(self.due_at)),
            filed_by: grace_end,
            later_acts: !duty.own_day_only,
        }
    }

    /// Judges the filings that count for it.
    pub fn judge(&self, duty: &Duty, window: Window, filings: &[Filing]) -> Standing {
        let mut filings: Vec<&Filing> = filings.iter().filter(|filing| window.admits(filing)).collect();
        filings.sort_by_key(|filing| filing.received_at);
        let timely: Vec<&Filing> = filings.iter().copied().filter(|filing| window.in_time(filing)).collect();
        // A level is what was last said by the deadline; what is said after it changes nothing.
        if quota::met(&duty.quotas, &timely) {
            return Standing::InTime(met_at(duty, &timely));
        }
        if quota::met(&duty.quotas, &filings) {
            return Standing::Late(met_at(duty, &filings));
        }
        Standing::Unmet
    }

    /// Takes the filings into account after any of them came, was corrected, withdrawn or returned, or after the
    /// deadline moved. `filed_by` is the end of the filing grace.
    #[must_use]
    pub fn reconsidered(
        &self,
        duty: &Duty,
        standing: Standing,
        filed_by: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Obligation {
        let mut next = self.clone();
        match (standing, self.phase) {
            (_, Phase::Waived | Phase::Withdrawn | Phase::Upheld) => {}
            // A filing before the opening is kept; it is judged when the obligation opens.
            (Standing::Unmet, Phase::Waiting | Phase::Done) if self.accepted_at.is_none() => next.reopen(now),
            (Standing::Unmet, _) => {}
            (Standing::InTime(at), _) => {
                // Refiled in time after a return, it keeps the light of the first filing.
                next.late = self.returned_late.unwrap_or(false);
                if !next.late {
                    next.missed_at = None;
                }
                next.meet(duty, at, now);
            }
            (Standing::Late(at), _) => {
                // Filed before a pass could declare the miss: it was one from the end of the grace on.
                next.late = true;
                next.missed_at = Some(self.missed_at.unwrap_or(filed_by));
                next.meet(duty, at, now);
            }
        }
        next
    }

    fn meet(&mut self, duty: &Duty, at: DateTime<Utc>, now: DateTime<Utc>) {
        self.filed_at = Some(at);
        self.next_at = None;
        if duty.review_first && self.accepted_at.is_none() {
            self.phase = Phase::Waiting;
            self.closed_at = None;
        } else {
            self.phase = Phase::Done;
            self.closed_at = self.closed_at.or(Some(now));
        }
    }

    /// Open again with the deadline it had: what was filed no longer is enough.
    fn reopen(&mut self, now: DateTime<Utc>) {
        self.phase = Phase::Open;
        self.filed_at = None;
        self.closed_at = None;
        self.missed_at = None;
        self.rearm(now);
    }

    fn rearm(&mut self, now: DateTime<Utc>) {
        self.armed_at = now;
        self.settled_to = now;
        self.next_at = Some(now);
    }

    fn restart(&mut self, due_at: DateTime<Utc>, now: DateTime<Utc>) {
        self.due_at = due_at;
        self.round += 1;
        self.missed_at = None;
        self.unreminded = false;
        self.confirmed = false;
        self.streak = None;
        self.chased_at = None;
        self.supervised_at = None;
        self.proposed_at = None;
        self.closed_at = None;
        self.rearm(now);
    }

    /// 通过.
    ///
    /// # Errors
    /// Nothing has been filed that could be accepted.
    pub fn accepted(&self, now: DateTime<Utc>) -> Result<Obligation, Refusal> {
        if !matches!(self.phase, Phase::Waiting | Phase::Done) {
            return refuse("尚无可审核的报送");
        }
        if self.accepted_at.is_some() {
            return refuse("已审核通过，无需重复审核");
        }
        let mut next = self.clone();
        next.phase = Phase::Done;
        next.accepted_at = Some(now);
        next.closed_at = self.closed_at.or(Some(now));
        next.next_at = None;
        Ok(next)
    }

    /// 退回, with a new deadline.
    ///
    /// # Errors
    /// Nothing has been filed, it was accepted already, or the new deadline is not ahead.
    pub fn returned(&self, due_at: DateTime<Utc>, now: DateTime<Utc>) -> Result<Obligation, Refusal> {
        if !matches!(self.phase, Phase::Waiting | Phase::Done) {
            return refuse("尚无可退回的报送");
        }
        if self.accepted_at.is_some() {
            return refuse("已审核通过，不能再退回");
        }
        if due_at <= now {
            return refuse("退回后的新时限须晚于现在");
        }
        let mut next = self.clone();
        next.returned_late = self.returned_late.or(Some(self.late));
        next.restart(due_at, now);
        next.phase = Phase::Returned;
        next.filed_at = None;
        Ok(next)
    }

    /// Whether an extension may be asked for: before the due instant, and while it is owed.
    ///
    /// # Errors
    /// Too late, closed already, or a date that is no extension.
    pub fn may_ask_extension(&self, until: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), Refusal> {
        if !matches!(self.phase, Phase::Scheduled | Phase::Open | Phase::Returned) {
            return refuse("该事项已逾期或已办结，不能申请延期");
        }
        if now >= self.due_at {
            return refuse("已过时限；延期须在时限之前申请");
        }
        if until <= self.due_at {
            return refuse("申请的新时限须晚于原时限");
        }
        Ok(())
    }

    /// 延期 granted: the due instant moves, a miss declared meanwhile is undone. Judge the filings afterwards.
    ///
    /// # Errors
    /// It closed as filed, waived or withdrawn meanwhile, or the new deadline does not lie after the old one.
    pub fn extended(&self, due_at: DateTime<Utc>, now: DateTime<Utc>) -> Result<Obligation, Refusal> {
        if matches!(self.phase, Phase::Waived | Phase::Withdrawn | Phase::Upheld) {
            return refuse("该事项已免除或撤销，无须延期");
        }
        if due_at <= self.due_at {
            return refuse("新时限须晚于原时限");
        }
        let mut next = self.clone();
        next.restart(due_at, now);
        match self.phase {
            Phase::Scheduled => {
                next.phase = Phase::Scheduled;
                next.armed_at = self.armed_at;
                next.settled_to = self.settled_to;
                next.next_at = Some(self.opens_at);
            }
            Phase::Returned => next.phase = Phase::Returned,
            Phase::Waiting | Phase::Done => {
                next.phase = self.phase;
                next.closed_at = self.closed_at;
                next.next_at = None;
            }
            _ => next.phase = Phase::Open,
        }
        Ok(next)
    }

    /// 免除, by the office's word (reason and document number are logged by the caller).
    ///
    /// # Errors
    /// It is closed already.
    pub fn waived(&self, now: DateTime<Utc>) -> Result<Obligation, Refusal> {
        self.struck(Phase::Waived, now)
    }

    /// 异议成立: not its duty.
    ///
    /// # Errors
    /// It is closed already.
    pub fn upheld(&self, now: DateTime<Utc>) -> Result<Obligation, Refusal> {
        self.struck(Phase::Upheld, now)
    }

    fn struck(&self, phase: Phase, now: DateTime<Utc>) -> Result<Obligation, Refusal> {
        if matches!(self.phase, Phase::Done | Phase::Waived | Phase::Withdrawn | Phase::Upheld) {
            return refuse("该事项已办结、免除或撤销");
        }
        let mut next = self.clone();
        next.phase = phase;
        next.closed_at = Some(now);
        next.next_at = None;
        Ok(next)
    }

    /// The office lets a 未提醒 miss count.
    ///
    /// # Errors
    /// It is not marked 未提醒, or is confirmed already.
    pub fn miss_confirmed(&self) -> Result<Obligation, Refusal> {
        if !self.unreminded || self.confirmed {
            return refuse("该事项没有待认定的“未提醒”逾期");
        }
        Ok(Obligation { confirmed: true, ..self.clone() })
    }
}

fn met_at(duty: &Duty, filings: &[&Filing]) -> DateTime<Utc> {
    // The filing with which it first became enough and stayed so: for a level the last that changed it, which is the
    // first prefix that is met.
    (1..=filings.len())
        .find(|n| quota::met(&duty.quotas, &filings[..*n]))
        .and_then(|n| filings.get(n - 1))
        .map_or_else(DateTime::default, |filing| filing.received_at)
}

impl Window {
    /// Whether a filing counts at all.
    fn admits(&self, filing: &Filing) -> bool {
        filing.acted_on >= self.first && (self.later_acts || filing.acted_on <= self.last_in_time)
    }

    /// Whether a filing counts as in time.
    fn in_time(&self, filing: &Filing) -> bool {
        self.admits(filing) && filing.acted_on <= self.last_in_time && filing.received_at <= self.filed_by
    }

    /// Why an act of that day does not count, if it does not.
    pub fn objection(&self, acted_on: NaiveDate) -> Option<String> {
        if acted_on < self.first {
            return Some(format!("办理日期 {acted_on} 早于本期开始之日 {}", self.first));
        }
        (!self.later_acts && acted_on > self.last_in_time)
            .then(|| format!("该事项只认当日办理：办理日期应为 {}，所填为 {acted_on}", self.last_in_time))
    }
}

/// The key under which an obligation is unique within its duty and period: a unit's name, or one mark for a joint one,
/// so that a joint obligation's key is not its member list.
pub fn owner_key(joint: bool, owners: &[UnitName]) -> String {
    match owners {
        [only] if !joint => only.0.clone(),
        _ => "*".to_owned(),
    }
}

/// The name of a series: one duty, owner and form.
pub fn series_key(duty: &DutyId, form: Form, joint: bool, owners: &[UnitName]) -> String {
    let form = match form {
        Form::Cadence => "",
        Form::Node => "/node",
    };
    format!("{duty}{form}/{}", owner_key(joint, owners))
}
