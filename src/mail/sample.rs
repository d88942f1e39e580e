//! Sample values: what `template check` renders and what tests compare.

use super::letter::{
    DigestContext, DigestTotals, LapsedRow, LetterContext, LetterItem, LetterSection, SectionKind, UndeliveredRow,
    UntoldRow,
};
use crate::domain::letter::LetterKind;

impl LetterItem {
    /// A monthly duty with a quota, due today.
    pub fn sample() -> LetterItem {
        LetterItem {
            duty: "13.2".into(),
            clause_label: "第13项第2条".into(),
            title: "质量安全责任检查".into(),
            owners: "质安处".into(),
            period_label: "2022年10月".into(),
            due_label: "10月31日（周一）18:00".into(),
            light_word: "临期".into(),
            missing: Some("检查企业1家".into()),
            ..LetterItem::default()
        }
    }

    /// A weekly duty of the office's own default, missed for the second time.
    pub fn sample_missed() -> LetterItem {
        LetterItem {
            duty: "9.1a".into(),
            clause_label: "第9项第1条".into(),
            title: "带队检查在建工地".into(),
            owners: "质安处、安管总站".into(),
            period_label: "2022年第43周".into(),
            due_label: "10月30日（周日）24:00".into(),
            light_word: "逾期".into(),
            days_overdue: Some(1),
            good_until: Some("11月6日（周日）24:00".into()),
            streak: Some(2),
            basis_note: Some("本办默认频次".into()),
            ..LetterItem::default()
        }
    }

    fn sample_noted(note: &str) -> LetterItem {
        LetterItem { note: Some(note.to_owned()), ..LetterItem::sample() }
    }
}

impl LetterContext {
    /// A full letter of that kind: every section it may have, with every field set somewhere. For `Digest`, which has
    /// values of its own, it is the morning list.
    pub fn sample(kind: LetterKind) -> LetterContext {
        let kind = if kind == LetterKind::Digest { LetterKind::Today } else { kind };
        let sections = SectionKind::ALL
            .into_iter()
            .filter(|section| match kind {
                LetterKind::Event => section.letter() == LetterKind::Event,
                LetterKind::Entry => false,
                _ => section.letter() <= kind,
            })
            .map(|section| LetterSection::new(section, sample_items(section)))
            .collect();
        LetterContext {
            kind,
            recipient: "质安处联络员".into(),
            posts: vec!["质安处联络员".into(), "安管总站分管负责人".into()],
            date_label: "2022年10月31日（周一）".into(),
            sections,
            context_rows: if kind == LetterKind::Entry {
                Vec::new()
            } else {
                vec![LetterItem { duty: "5.2".into(), title: "工地在岗值守".into(), ..LetterItem::sample() }]
            },
            link: true,
            contact: "委安委办值班电话 023-00000000".into(),
            signature: "市住房城乡建委安全生产委员会办公室".into(),
            trial: Some("质安处联络员".into()),
            note: Some("系统曾停机，本邮件为补发".into()),
        }
    }

    /// The least a letter can hold: one section, one item, nothing optional.
    pub fn sample_bare(kind: LetterKind) -> LetterContext {
        let section = match kind {
            LetterKind::Today | LetterKind::Digest => SectionKind::DueToday,
            LetterKind::Chase => SectionKind::Chase,
            LetterKind::Supervise => SectionKind::Supervise,
            LetterKind::Event => SectionKind::Event,
            LetterKind::Entry => {
                let bare = LetterContext {
                    posts: Vec::new(),
                    context_rows: Vec::new(),
                    trial: None,
                    note: None,
                    ..LetterContext::sample(kind)
                };
                return bare;
            }
        };
        let item = match section {
            SectionKind::Chase | SectionKind::Supervise => {
                LetterItem { streak: None, basis_note: None, good_until: None, ..LetterItem::sample_missed() }
            }
            SectionKind::Event => event_item(),
            _ => LetterItem { missing: None, ..LetterItem::sample() },
        };
        LetterContext {
            posts: Vec::new(),
            sections: vec![LetterSection::new(section, vec![item])],
            context_rows: Vec::new(),
            link: false,
            trial: None,
            note: None,
            ..LetterContext::sample(kind)
        }
    }
}

fn sample_items(section: SectionKind) -> Vec<LetterItem> {
    match section {
        SectionKind::Supervise | SectionKind::Chase | SectionKind::Overdue => vec![LetterItem::sample_missed()],
        SectionKind::Returned => vec![LetterItem::sample_noted("退回：照片不清，请于11月2日18:00前重报")],
        SectionKind::Decided => vec![LetterItem::sample_noted("同意延期，延至11月4日（周五）24:00")],
        SectionKind::View => {
            vec![LetterItem::sample_noted("联络员申请延至11月4日（周五）24:00，请签署意见。理由：设备检修")]
        }
        SectionKind::EventMissed => {
            vec![LetterItem { light_word: "逾期".into(), days_overdue: Some(0), ..event_item() }]
        }
        SectionKind::Event => vec![event_item()],
        SectionKind::DueToday => vec![LetterItem::sample()],
        SectionKind::DueSoon => {
            vec![LetterItem { due_label: "11月2日（周三）18:00".into(), ..LetterItem::sample() }]
        }
        SectionKind::Moved => {
            let words = "因放假通知变动，时限由10月31日（周一）18:00顺延至11月1日（周二）18:00";
            vec![LetterItem { due_label: "11月1日（周二）18:00".into(), ..LetterItem::sample_noted(words) }]
        }
    }
}

fn event_item() -> LetterItem {
    LetterItem {
        duty: "43.1".into(),
        clause_label: "第43项第1条".into(),
        title: "极端天气停工避险".into(),
        owners: "质安处".into(),
        period_label: "事件：暴雨红色预警".into(),
        due_label: "10月31日（周一）16:30".into(),
        light_word: "待办".into(),
        ..LetterItem::default()
    }
}

impl DigestContext {
    /// A digest with something in every list.
    pub fn sample() -> DigestContext {
        DigestContext {
            new_misses: vec![LetterItem::sample_missed()],
            standing: vec![LetterItem { days_overdue: Some(12), streak: Some(4), ..LetterItem::sample_missed() }],
            proposals: vec![LetterItem { days_overdue: Some(15), streak: Some(6), ..LetterItem::sample_missed() }],
            waiting_review: vec![LetterItem {
                light_word: "按时·待审".into(), missing: None, ..LetterItem::sample()
            }],
            extensions: vec![LetterItem::sample_noted("申请延至11月4日18:00：疫情管控")],
            disputes: vec![LetterItem::sample_noted("异议：本单位已不承担此项")],
            undelivered: vec![UndeliveredRow {
                post: "质安处联络员".into(),
                letter: "催办".into(),
                since: "10月31日 09:00".into(),
                state: "收件人被拒".into(),
                reason: "550 mailbox unavailable".into(),
            }],
            untold: vec![UntoldRow {
                post: "质量监督站联络员".into(),
                what: "2.2（10月31日）、13.2（10月31日）".into(),
            }],
            unreminded: vec![LetterItem::sample_missed()],
            more_proposals: 12,
            more_unreminded: 0,
            lapsed: vec![LapsedRow {
                duty: "47.1".into(),
                title: "重要节点每日在岗".into(),
                count: 3,
                owners: "质安处（2022-10-01、2022-10-02）、市场处（2022-10-01）".into(),
            }],
            watcher: vec!["10月29日 08:00 至 10月31日 08:50 系统停机".into()],
            totals: DigestTotals {
                open: 137,
                due_today: 12,
                overdue: 3,
                closed_on_time: 21,
                made_good: 1,
                letters_sent: 18,
            },
            link: true,
            trial: Some("委安委办值班员".into()),
            note: Some("本期含10月29日、30日两日情况".into()),
            ..DigestContext::sample_empty()
        }
    }

    /// A day on which nothing was missed: 零报告.
    pub fn sample_empty() -> DigestContext {
        DigestContext {
            recipient: "委安委办值班员".into(),
            date_label: "2022年10月31日（周一）".into(),
            new_misses: Vec::new(),
            standing: Vec::new(),
            proposals: Vec::new(),
            waiting_review: Vec::new(),
            extensions: Vec::new(),
            disputes: Vec::new(),
            undelivered: Vec::new(),
            untold: Vec::new(),
            unreminded: Vec::new(),
            more_proposals: 0,
            more_unreminded: 0,
            lapsed: Vec::new(),
            watcher: Vec::new(),
            totals: DigestTotals::default(),
            link: false,
            contact: "信息中心 023-00000001".into(),
            signature: "督办系统".into(),
            trial: None,
            note: None,
        }
    }
}
