//! An obligation as everybody is shown it: its facts with the words for them. Pages, files, calls, commands and letters
//! write it out, each in its own form; what stands in it is said here alone. A new export is one more way to write it out,
//! as `web/pages/ledger.rs` does for CSV.

use std::collections::HashMap;
use std::ops::Deref;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::domain::code::coded;
use crate::domain::duty::{Basis, Owner};
use crate::domain::light::{self, Light};
use crate::domain::obligation::Obligation;
use crate::domain::phase::Phase;
use crate::domain::quota::{self, Count, Filing};
use crate::domain::step;
use crate::engine::known::{Known, Rules};
use crate::engine::{JobError, SetupError};
use crate::mail::LetterItem;
use crate::read::words;
use crate::store::Tx;
use crate::store::row::Stored;
use crate::store::submissions::Counted;

/// See the module. The obligation's own facts are read from it directly.
#[derive(Debug, Clone)]
pub struct View {
    obligation: Obligation,
    pub title: String,
    /// 第9项第1条
    pub clause_label: String,
    /// 主要任务
    pub task: String,
    pub owners_label: String,
    /// 配合单位
    pub supporting_label: String,
    pub cadence_label: String,
    pub period_label: String,
    /// The deadline in words: 10月31日（周一）18:00.
    pub due_label: String,
    pub light: Light,
    /// The light's word.
    pub word: &'static str,
    /// How far each counter is: 检查企业 1/2 家.
    pub counts: Vec<Count>,
    /// Of a miss: whole days since the deadline's.
    pub days_overdue: Option<i64>,
    /// Of a miss: until when it can be made good; none = as long as it takes.
    pub good_until: Option<DateTime<Utc>>,
    /// The same in words.
    pub good_until_label: Option<String>,
    /// Whether its basis is the office's own.
    pub policy: bool,
    /// Whether one press of a button answers it (叫应).
    pub answer: bool,
    /// What stands for it: receipt numbers, the newest last, and what the newest says.
    pub receipts: Vec<String>,
    pub note: String,
    pub list: TodoList,
}

impl Deref for View {
    type Target = Obligation;

    fn deref(&self) -> &Obligation {
        &self.obligation
    }
}

/// The lists of 我的待办, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum TodoList {
    /// 逾期
    Overdue,
    /// 已退回
    Returned,
    /// 今日到期
    Today,
    /// 三日内
    Soon,
    /// 以后
    Later,
    /// 待审
    Waiting,
    /// 尚未开始
    Ahead,
    /// 已了
    Closed,
}

coded!(TodoList);

impl TodoList {
    /// In which list it stands whose deadline's day that is.
    pub fn of(phase: Phase, due_day: NaiveDate, today: NaiveDate) -> TodoList {
        match phase {
            Phase::Scheduled => TodoList::Ahead,
            Phase::Missed => TodoList::Overdue,
            Phase::Returned => TodoList::Returned,
            Phase::Waiting => TodoList::Waiting,
            Phase::Open if due_day <= today => TodoList::Today,
            Phase::Open if due_day <= today + TimeDelta::days(3) => TodoList::Soon,
            Phase::Open => TodoList::Later,
            Phase::Done | Phase::Lapsed | Phase::Waived | Phase::Withdrawn | Phase::Upheld => TodoList::Closed,
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            TodoList::Overdue => "已逾期",
            TodoList::Returned => "已退回，待重报",
            TodoList::Today => "今日到期",
            TodoList::Soon => "三日内到期",
            TodoList::Later => "以后到期",
            TodoList::Waiting => "已报送，待审核",
            TodoList::Ahead => "即将开始",
            TodoList::Closed => "已办结",
        }
    }
}

impl View {
    /// An obligation on a day; `filed` is what was filed for it and stands, the newest last.
    pub fn of(known: &Known, stored: &Stored, filed: &[Counted], today: NaiveDate) -> Result<View, SetupError> {
        let rules = known.rules(stored, today)?;
        let (duty, obligation) = (rules.duty, &stored.obligation);
        let filings: Vec<Filing> = filed.iter().map(Counted::filing).collect();
        let filings: Vec<&Filing> = filings.iter().collect();
        let due_day = known.zone.due_day(obligation.round.due_at);
        let supporting = duty.supported_by.iter().map(|owner| match owner {
            Owner::Unit(unit) => unit.0.as_str(),
            Owner::Group(group) => group.as_str(),
        });
        let good_until = good_until(known, &rules, obligation);
        Ok(View {
            title: duty.title.clone(),
            clause_label: duty.clause.label(),
            task: rules.catalogue.clause(duty.clause).map(|entry| entry.title.clone()).unwrap_or_default(),
            owners_label: words::owners(&obligation.owners),
            supporting_label: supporting.collect::<Vec<_>>().join("、"),
            cadence_label: duty.cadence.label(),
            period_label: words::period(known, &rules, obligation),
            due_label: words::deadline(known.zone, obligation.round.due_at, today),
            light: Light::of(obligation),
            word: light::word(obligation),
            counts: quota::count(&duty.quotas, &filings),
            days_overdue: obligation.phase.is_overdue().then(|| (today - due_day).num_days().max(0)),
            good_until,
            good_until_label: good_until.map(|until| words::deadline(known.zone, until, today)),
            policy: duty.basis == Basis::Policy,
            answer: duty.answer_suffices && obligation.period.starts_with("event:"),
            receipts: filed.iter().map(|counted| counted.submission.id.clone()).collect(),
            note: filed.last().map(|counted| counted.submission.note.clone()).unwrap_or_default(),
            list: TodoList::of(obligation.phase, due_day, today),
            obligation: obligation.clone(),
        })
    }

    /// An obligation on a day, for those that show nothing of what was filed for it: nothing is read.
    pub fn without_filings(known: &Known, stored: &Stored, today: NaiveDate) -> Result<View, SetupError> {
        View::of(known, stored, &[], today)
    }

    /// Obligations on a day, with what stands for them read at once.
    pub async fn all(tx: &mut Tx, known: &Known, rows: &[Stored], today: NaiveDate) -> Result<Vec<View>, JobError> {
        let filed = filed(tx, known, rows, today).await?;
        rows.iter().map(|row| Ok(View::of(known, row, stands(&filed, row), today)?)).collect()
    }

    /// As [`View::all`], of one.
    pub async fn one(tx: &mut Tx, known: &Known, row: &Stored, today: NaiveDate) -> Result<View, JobError> {
        let filed = filed(tx, known, std::slice::from_ref(row), today).await?;
        Ok(View::of(known, row, stands(&filed, row), today)?)
    }

    /// For how many days it has been overdue; on the day itself the light says it.
    pub fn overdue(&self) -> Option<i64> {
        self.days_overdue.filter(|days| *days > 0)
    }

    /// Why it was returned, as long as it waits to be filed again.
    pub fn returned_for(&self) -> Option<&str> {
        self.return_reason.as_deref().filter(|_| self.phase == Phase::Returned)
    }

    /// Why it was returned before it was filed again, for whoever reviews it.
    pub fn returned_before_for(&self) -> Option<&str> {
        self.return_reason.as_deref().filter(|_| self.phase == Phase::Waiting)
    }

    /// What is still missing of what is counted, while it is owed: `检查企业1家、整改突出隐患2个`.
    pub fn missing(&self) -> Option<String> {
        words::missing(&self.counts).filter(|_| self.phase.is_owed())
    }

    pub fn item(&self) -> LetterItem {
        let streak = self.round.streak.and_then(|streak| u32::try_from(streak).ok());
        LetterItem {
            duty: self.duty.0.clone(),
            number: Some(self.id),
            clause_label: self.clause_label.clone(),
            title: self.title.clone(),
            owners: self.owners_label.clone(),
            period_label: self.period_label.clone(),
            due_label: self.due_label.clone(),
            light_word: self.word.to_owned(),
            missing: self.missing(),
            days_overdue: self.days_overdue,
            streak: streak.filter(|streak| self.phase.is_overdue() && *streak > 1),
            basis_note: self.policy.then(|| "本办默认频次".to_owned()),
            good_until: self.good_until_label.clone(),
            note: self.returned_for().map(|reason| format!("退回理由：{reason}")),
        }
    }
}

/// Until when a miss can be made good.
fn good_until(known: &Known, rules: &Rules<'_>, obligation: &Obligation) -> Option<DateTime<Utc>> {
    if obligation.phase != Phase::Missed {
        return None;
    }
    let world = known.world(rules.catalogue);
    let declared = obligation.round.missed_at.unwrap_or(obligation.round.due_at);
    let chased = step::Chased::in_its_slot(obligation).or_taken(declared);
    let context = step::Context { chased, ..rules.context(&world) };
    step::lapse_at(obligation, &context)
}

/// What was filed for obligations and stands, by their numbers.
pub type Filed = HashMap<i64, Vec<Counted>>;

/// Reads what was filed for these obligations and stands, where anything can have been.
pub async fn filed(tx: &mut Tx, known: &Known, rows: &[Stored], today: NaiveDate) -> Result<Filed, JobError> {
    let partly = |row: &Stored| known.rules(row, today).is_ok_and(|rules| !rules.duty.quotas.is_empty());
    let some = rows.iter().filter(|row| row.obligation.filed_at.is_some() || partly(row));
    let ids: Vec<i64> = some.map(|row| row.obligation.id).collect();
    let mut filed = Filed::new();
    for counted in tx.submissions_for(&ids).await? {
        if counted.stands() {
            filed.entry(counted.obligation).or_default().push(counted);
        }
    }
    Ok(filed)
}

pub fn stands<'a>(filed: &'a Filed, row: &Stored) -> &'a [Counted] {
    filed.get(&row.obligation.id).map_or(&[], Vec::as_slice)
}
