//! What is wrong with a field, and what fields are called.

use crate::catalogue::mistake::words::{Words, say};
use crate::domain::refusal::field::{Field, FieldRefusal};

pub(super) fn words(field: Field, refusal: &FieldRefusal) -> Words {
    let Words { english: name, chinese: what } = called(field);
    match refusal {
        FieldRefusal::Blank => say!("no {name} is given", "未填{what}"),
        FieldRefusal::TooLong(most) => {
            say!("the {name} is too long: {most} characters at most", "{what}过长：至多 {most} 字")
        }
        FieldRefusal::ForbiddenCharacter(c) => {
            let code = u32::from(*c);
            say!(
                "the {name} has a character that may not stand in it: U+{code:04X}",
                "{what}含有不可用的字符 U+{code:04X}"
            )
        }
        FieldRefusal::NotADate => {
            say!("the {name} is no date; dates are written 2022-10-31", "{what}应写作 2022-10-31")
        }
        FieldRefusal::NotATime => {
            say!("the {name} is none; times are written 2022-10-31 18:00", "{what}应写作 2022-10-31 18:00")
        }
        FieldRefusal::DayPast(day) => say!("the {name} {day} is past", "{what} {day} 已过"),
        FieldRefusal::NotUnderstood(written) => {
            say!("`{written}` is not understood as a {name}", "{what}“{written}”无法识别")
        }
        FieldRefusal::MarkInId(id) => say!(
            "the id `{id}` has a blank or one of the marks ; : / , or a quotation mark",
            "编号“{id}”含有空格或 ; : / , 等符号"
        ),
        FieldRefusal::MarkInName(written) => say!(
            "the {name} `{written}` has a blank at an end, or one of the marks ; / @ , * : or a quotation mark",
            "{what}“{written}”首尾有空格，或含有 ; / @ , * : 或引号"
        ),
        FieldRefusal::NoEmailAddress(fault) => {
            let label = fault.label();
            say!("the {name} will not do: {fault}", "{what}不合规：{label}")
        }
    }
}

fn called(field: Field) -> Words {
    match field {
        Field::Reason => say!("reason", "理由"),
        Field::DisputeReason => say!("reason for the dispute", "异议理由"),
        Field::WaiverReason => say!("reason for the waiver", "免除理由"),
        Field::ReturnReason => say!("reason for the return", "退回理由"),
        Field::BulletinReason => say!("reason for the decision on the bulletin", "通报或不通报的理由"),
        Field::ExtensionReason => say!("reason for the extension", "延期理由"),
        Field::FalseAlarm => say!("word on the false alarm", "误报说明"),
        Field::Note => say!("note", "说明"),
        Field::Answer => say!("answer", "答复"),
        Field::Document => say!("document number", "文号"),
        Field::Place => say!("place", "地点"),
        Field::Name => say!("name", "名称"),
        Field::Counter => say!("counter", "计数项"),
        Field::FileName => say!("file name", "文件名"),
        Field::Holder => say!("holder's name", "姓名"),
        Field::UnitName => say!("unit's name", "单位名称"),
        Field::UnitKind => say!("unit's kind", "类别"),
        Field::Id => say!("id", "编号"),
        Field::Address => say!("e-mail address", "邮箱地址"),
        Field::Day => say!("day", "日期"),
        Field::Time => say!("time", "时间"),
        Field::ActedOn => say!("day of the act", "办理日期"),
        Field::NewDeadline => say!("new deadline", "新时限"),
        Field::ExtendedUntil => say!("day until which to extend", "延至日期"),
        Field::FirstDay => say!("first day", "起始日"),
        Field::StandInFrom => say!("first day of the stand-in", "代班起始日"),
        Field::StandInUntil => say!("last day of the stand-in", "代班结束日"),
        Field::LeavingDay => say!("day of leaving", "离开之日"),
        Field::EffectiveDay => say!("day from which it is in force", "生效日"),
        Field::Unit => say!("unit", "单位"),
        Field::Duty => say!("duty", "职责"),
        Field::Task => say!("task", "任务"),
        Field::HardMeasure => say!("hard measure", "硬措施"),
        Field::Cadence => say!("cadence", "频次"),
        Field::DueFrom => say!("first due day", "起始日期"),
        Field::DueUntil => say!("last due day", "截止日期"),
        Field::DueOn => say!("due day", "到期日"),
        Field::Light => say!("light", "灯"),
        Field::Phase => say!("phase", "状态"),
        Field::Period => say!("period", "期次"),
        Field::Text => say!("text", "查找"),
        Field::Order => say!("order", "次序"),
        Field::Page => say!("page", "页次"),
    }
}
