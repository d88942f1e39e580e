//! An obligation as a row of a page.

use std::collections::HashMap;

use chrono::TimeDelta;

use super::app::Desk;
use crate::{
    domain::{
        light::{self, Light},
        phase::Phase,
        quota::{self, Count, Filing},
    },
    engine::JobError,
    read::words,
    store::{Tx, row::Stored},
};

#[derive(Debug, Clone)]
pub struct Row {
    pub id: i64,
    pub duty: String,
    pub title: String,
    /// 第9项第1条
    pub clause: String,
    pub owners: String,
    pub period: String,
    /// The deadline in words: 今天 18:00, 10月31日（周一）18:00.
    pub due: String,
    pub light: &'static str,
    pub word: &'static str,
    /// How far each counter is: 检查企业 1/2 家.
    pub counts: Vec<Count>,
    /// For how many days it has been overdue.
    pub overdue: Option<i64>,
    /// Whether its basis is the office's own.
    pub policy: bool,
    /// Whether one press of a button answers it (叫应).
    pub answer: bool,
    /// In which list of 我的待办 it stands.
    pub section: Section,
}

/// The lists of 我的待办, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
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

impl Section {
    pub fn code(self) -> &'static str {
        match self {
            Section::Overdue => "overdue",
            Section::Returned => "returned",
            Section::Today => "today",
            Section::Soon => "soon",
            Section::Later => "later",
            Section::Waiting => "waiting",
            Section::Ahead => "ahead",
            Section::Closed => "closed",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Section::Overdue => "已逾期",
            Section::Returned => "已退回，待重报",
            Section::Today => "今日到期",
            Section::Soon => "三日内到期",
            Section::Later => "以后到期",
            Section::Waiting => "已报送，待审核",
            Section::Ahead => "即将开始",
            Section::Closed => "已办结",
        }
    }
}

impl Row {
    /// An obligation as a row; `filings` are those that stand.
    pub fn of(desk: &Desk, stored: &Stored, filings: &[Filing]) -> Result<Row, JobError> {
        let rules = desk.known.rules(stored, desk.today).map_err(JobError::Setup)?;
        let obligation = &stored.obligation;
        let filings: Vec<&Filing> = filings.iter().collect();
        let item = words::item(&desk.known, &rules, obligation, &[], desk.today);
        let due_day = desk.known.zone.due_day(obligation.round.due_at);
        let section = match obligation.phase {
            Phase::Scheduled => Section::Ahead,
            Phase::Missed => Section::Overdue,
            Phase::Returned => Section::Returned,
            Phase::Waiting => Section::Waiting,
            Phase::Open if due_day <= desk.today => Section::Today,
            Phase::Open if due_day <= desk.today + TimeDelta::days(3) => Section::Soon,
            Phase::Open => Section::Later,
            Phase::Done | Phase::Lapsed | Phase::Waived | Phase::Withdrawn | Phase::Upheld => Section::Closed,
        };
        Ok(Row {
            id: obligation.id,
            duty: item.duty,
            title: item.title,
            clause: item.clause_label,
            owners: item.owners,
            period: item.period_label,
            due: item.due_label,
            light: Light::of(obligation).code(),
            word: light::word(obligation),
            counts: quota::count(&rules.duty.quotas, &filings),
            // On the day itself the light says it.
            overdue: item.days_overdue.filter(|days| *days > 0),
            policy: item.basis_note.is_some(),
            answer: rules.duty.answer_suffices && obligation.period.starts_with("event:"),
            section,
        })
    }

    /// Obligations as rows, with what stands for them read at once.
    pub async fn all(desk: &Desk, tx: &mut Tx, stored: &[Stored]) -> Result<Vec<Row>, JobError> {
        let counted: Vec<i64> = stored
            .iter()
            .filter(|row| desk.known.rules(row, desk.today).is_ok_and(|rules| !rules.duty.quotas.is_empty()))
            .map(|row| row.obligation.id)
            .collect();
        let mut filings: HashMap<i64, Vec<Filing>> = HashMap::new();
        for counted in tx.submissions_for(&counted).await? {
            if counted.stands() {
                filings.entry(counted.obligation).or_default().push(counted.submission.filing());
            }
        }
        let none = Vec::new();
        stored.iter().map(|row| Row::of(desk, row, filings.get(&row.obligation.id).unwrap_or(&none))).collect()
    }
}
