//! 办理结果 in words: what was decided, as letters, pages and lists say it.

use chrono::NaiveDate;

use super::words;
use crate::domain::calendar::Zone;
use crate::domain::decision::DecisionKind;
use crate::store::decisions::Decision;
use crate::store::requests::{Request, RequestKind};

/// What a decision is called.
pub fn label(kind: DecisionKind) -> &'static str {
    match kind {
        DecisionKind::Accept => "审核通过",
        DecisionKind::Return => "退回",
        DecisionKind::GrantExtension => "同意延期",
        DecisionKind::RefuseExtension => "不同意延期",
        DecisionKind::UpholdDispute => "异议成立",
        DecisionKind::RejectDispute => "异议不成立",
        DecisionKind::Waive => "免除",
        DecisionKind::CountMiss => "“未提醒”逾期计入连续逾期",
        DecisionKind::ExcuseMiss => "“未提醒”逾期不计入连续逾期",
        DecisionKind::Publish => "通报",
        DecisionKind::NotPublish => "不通报",
    }
}

/// A decision on one line: `同意延期，延至11月4日（周五）24:00：设备检修属实`.
pub fn line(decision: &Decision, zone: Zone, today: NaiveDate) -> String {
    let until = decision.until_at.map(|until| words::deadline(zone, until, today));
    let until = match (decision.kind, until) {
        (DecisionKind::Return, Some(until)) => format!("，请于{until}前重报"),
        (_, Some(until)) => format!("，延至{until}"),
        (_, None) => String::new(),
    };
    let document = Some(&decision.document).filter(|number| !number.is_empty());
    let document = document.map(|number| format!("（{number}）")).unwrap_or_default();
    let reason = Some(&decision.words).filter(|words| !words.is_empty());
    let reason = reason.map(|words| format!("：{words}")).unwrap_or_default();
    format!("{}{document}{until}{reason}", label(decision.kind))
}

/// A request as its leader reads it, whose view it waits for.
pub fn asked(request: &Request, zone: Zone, today: NaiveDate) -> String {
    let what = match (request.kind, request.until_at) {
        (RequestKind::Extension, Some(until)) => format!("申请延至{}", words::deadline(zone, until, today)),
        (RequestKind::Extension, None) => "申请延期".to_owned(),
        (RequestKind::Dispute, _) => "提出异议".to_owned(),
    };
    format!("本单位{what}，请签署意见。理由：{}", request.reason)
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDateTime;

    use super::*;

    #[test]
    fn a_decision_is_said_with_what_belongs_to_it_and_no_more() {
        let zone = Zone(chrono_tz::Asia::Shanghai);
        let at = |local: &str| {
            let local = NaiveDateTime::parse_from_str(local, "%Y-%m-%d %H:%M").unwrap();
            zone.at(local.date(), local.time())
        };
        let today = "2022-10-31".parse().unwrap();
        let decision = |kind, words: &str, document: &str, until: Option<&str>| Decision {
            id: 1,
            obligation: 7,
            kind,
            by_post: "委安委办/office".into(),
            at: at("2022-10-31 10:00"),
            words: words.into(),
            document: document.into(),
            until_at: until.map(at),
            posts: String::new(),
            tells_at: at("2022-10-31 16:00"),
            before: String::new(),
            head: String::new(),
            requests: String::new(),
            undone_at: None,
        };
        let said = |decision: Decision| line(&decision, zone, today);
        let returned = decision(DecisionKind::Return, "缺照片", "", Some("2022-11-04 00:00"));
        assert_eq!(said(returned), "退回，请于11月3日（周四）24:00前重报：缺照片");
        let granted = decision(DecisionKind::GrantExtension, "", "", Some("2022-11-04 18:00"));
        assert_eq!(said(granted), "同意延期，延至11月4日（周五）18:00");
        assert_eq!(said(decision(DecisionKind::Waive, "停工", "5号", None)), "免除（5号）：停工");
        assert_eq!(said(decision(DecisionKind::Accept, "", "", None)), "审核通过");
    }
}
