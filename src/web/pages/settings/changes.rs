//! What changed files change, in the office's words.

use super::ladders::{level_words, reminder_words, roles_words};
use crate::catalogue::diff::{Change, ChangeKind, FieldChange, FieldValue, SeedField, Subject};
use crate::domain::duty::{Clause, DueRule, Mode, Owner, Quota};

pub struct ChangeRow {
    pub what: &'static str,
    pub key: String,
    pub how: &'static str,
    pub fields: Vec<FieldRow>,
}

pub struct FieldRow {
    pub field: &'static str,
    pub old: String,
    pub new: String,
}

impl ChangeRow {
    pub fn of(change: &Change) -> ChangeRow {
        let (how, fields) = match &change.how {
            ChangeKind::Added => ("新增", Vec::new()),
            ChangeKind::Withdrawn => ("取消", Vec::new()),
            ChangeKind::Changed(fields) => ("更改", fields.iter().map(FieldRow::of).collect()),
        };
        ChangeRow { what: subject_words(change.subject), key: change.key.clone(), how, fields }
    }
}

impl FieldRow {
    fn of(change: &FieldChange) -> FieldRow {
        let words = |value| Some(value_words(value)).filter(|words| !words.is_empty()).unwrap_or_else(|| "无".into());
        FieldRow { field: field_words(change.field), old: words(&change.old), new: words(&change.new) }
    }
}

fn subject_words(subject: Subject) -> &'static str {
    match subject {
        Subject::Duty => "职责",
        Subject::Ladder => "催办阶梯",
        Subject::Node => "重要节点",
        Subject::Event => "事件类型",
        Subject::Clause => "条款",
        Subject::Unit => "单位",
        Subject::Group => "单位组",
        Subject::Office => "安委办所在单位",
    }
}

fn field_words(field: SeedField) -> &'static str {
    match field {
        SeedField::Title | SeedField::Name => "名称",
        SeedField::Summary => "要求",
        SeedField::Clause => "条款",
        SeedField::Kind => "类别",
        SeedField::Cadence => "频次",
        SeedField::Due => "时限",
        SeedField::Basis => "依据",
        SeedField::OwedBy => "责任单位",
        SeedField::Mode => "承担方式",
        SeedField::Quotas => "数量要求",
        SeedField::SupportedBy => "配合单位",
        SeedField::AlsoCountsFor => "一次报送可同时计入",
        SeedField::Note => "说明",
        SeedField::AlsoEachNode => "每个重要节点一次",
        SeedField::EventNamesOwners => "由事件写明单位",
        SeedField::AnswerSuffices => "叫应即可",
        SeedField::ReviewFirst => "审核后办结",
        SeedField::OwnDayOnly => "限当日办理",
        SeedField::EffectiveFrom => "施行起始日",
        SeedField::EffectiveTo => "施行结束日",
        SeedField::Groups => "单位组",
        SeedField::JoinedOn => "加入日",
        SeedField::LeftOn => "离开日",
        SeedField::First => "起始日",
        SeedField::Last => "结束日",
        SeedField::Grace => "报送宽限至",
        SeedField::AnyDay => "休息日照常提醒",
        SeedField::Reminders => "提醒",
        SeedField::Chase => "催办",
        SeedField::Supervise => "督办",
        SeedField::Propose => "通报建议",
        SeedField::AtOnce => "逾期即告",
        SeedField::NodeDayLimit => "节点日补办工作日数",
        SeedField::Part => "部分",
        SeedField::PartTitle => "部分名称",
        SeedField::Measures => "措施",
        SeedField::Implies => "同时属于",
        SeedField::NamesUnits => "须写明涉及单位",
    }
}

/// A value in words; empty where there is none.
fn value_words(value: &FieldValue) -> String {
    match value {
        FieldValue::Text(text) => text.clone(),
        FieldValue::Texts(texts) => texts.join("、"),
        FieldValue::Flag(yes) => if *yes { "是" } else { "否" }.to_owned(),
        FieldValue::Number(number) => number.map(|number| number.to_string()).unwrap_or_default(),
        FieldValue::Day(day) => day.map(|day| day.to_string()).unwrap_or_default(),
        FieldValue::Time(time) => time.map(|time| time.format("%H:%M").to_string()).unwrap_or_default(),
        FieldValue::Clause(clause) => Clause::label(*clause),
        FieldValue::Kind(kind) => kind.label().to_owned(),
        FieldValue::Cadence(cadence) => cadence.label(),
        FieldValue::Due(due) => due_words(*due),
        FieldValue::Basis(basis) => basis.label().to_owned(),
        FieldValue::Mode(Mode::Each) => "各报各的".to_owned(),
        FieldValue::Mode(Mode::Joint) => "任一单位报送即可".to_owned(),
        FieldValue::Owners(owners) => owners_words(owners),
        FieldValue::Quotas(quotas) => quotas.iter().map(Quota::label).collect::<Vec<_>>().join("；"),
        FieldValue::Roles(roles) => roles_words(roles),
        FieldValue::Reminders(reminders) => reminders.iter().map(reminder_words).collect::<Vec<_>>().join("；"),
        FieldValue::Level(level) => level.as_ref().map(level_words).unwrap_or_default(),
    }
}

/// 质安处、安全监管单位各单位.
pub fn owners_words(owners: &[Owner]) -> String {
    let word = |owner: &Owner| match owner {
        Owner::Unit(unit) => unit.0.clone(),
        Owner::Group(group) => format!("{group}各单位"),
    };
    owners.iter().map(word).collect::<Vec<_>>().join("、")
}

/// 期内最后一个工作日18:00.
pub fn due_words(due: DueRule) -> String {
    match due {
        DueRule::EndOfDay => "期末当日24:00".into(),
        DueRule::LastWorkday(time) => format!("期内最后一个工作日{}", time.format("%H:%M")),
        DueRule::Exact => "自事件起按时计".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        catalogue::{Seeds, diff::diff},
        domain::unit::UnitName,
    };

    #[test]
    fn what_changes_is_said_as_the_office_writes_it() {
        let old = Seeds::embedded().unwrap().catalogue;
        let mut new = old.clone();
        let duty = new.duties.iter_mut().find(|duty| duty.id.0 == "9.1b").unwrap();
        duty.due = DueRule::EndOfDay;
        duty.owed_by = ["质安处", "村镇处"].map(|name| Owner::Unit(UnitName(name.into()))).into();
        duty.effective_to = "2023-01-31".parse().ok();
        duty.review_first = !duty.review_first;
        let rows: Vec<ChangeRow> = diff(&old, &new).iter().map(ChangeRow::of).collect();
        assert_eq!((rows.len(), rows[0].what, rows[0].key.as_str(), rows[0].how), (1, "职责", "9.1b", "更改"));
        let fields: Vec<(&str, &str, &str)> =
            rows[0].fields.iter().map(|row| (row.field, row.old.as_str(), row.new.as_str())).collect();
        assert_eq!(
            fields,
            [
                ("时限", "期内最后一个工作日18:00", "期末当日24:00"),
                ("施行结束日", "无", "2023-01-31"),
                ("责任单位", "安全监管单位各单位", "质安处、村镇处"),
                ("审核后办结", "否", "是"),
            ]
        );
    }
}
