//! What templates are given: a letter's values, checked, and what can be counted from them.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::letter::{DigestContext, LetterContext, LetterItem, SectionKind};
use super::link::{LINK_BEGIN, LINK_END, LINK_MARK, LINK_PLACEHOLDER};
use super::template_error::{RenderError, TemplateError};
use crate::domain::text;

/// The context as plain values, with every text checked.
pub(super) fn clean(context: &impl Serialize) -> Result<Value, RenderError> {
    let mut values = serde_json::to_value(context).map_err(|error| TemplateError {
        file: "values".into(),
        line: None,
        message: error.to_string(),
    })?;
    clean_value(&mut values, false).map_err(|(field, c)| RenderError::Hostile { field, code: u32::from(c) })?;
    Ok(values)
}

/// Checks every text in it. The error is a place below this value, and the character that must not stand there.
fn clean_value(value: &mut Value, free_text: bool) -> Result<(), (String, char)> {
    match value {
        Value::String(text) => {
            if free_text {
                // Written by anybody: cleaned, not refused, or one filing could hold up the office's digest. Templates
                // end the sentence themselves.
                text::tame(text).trim_end_matches('。').clone_into(text);
            }
            // Nobody but the template sets the marks of the link.
            if text.contains(LINK_MARK) {
                *text = text.replace(LINK_MARK, "％DUBAN-");
            }
            text::first_forbidden(text).map_or(Ok(()), |(_, c, _)| Err((String::new(), c)))
        }
        Value::Array(values) => values.iter_mut().enumerate().try_for_each(|(i, value)| {
            clean_value(value, free_text).map_err(|(below, c)| (join(&format!("[{i}]"), &below), c))
        }),
        Value::Object(map) => map.iter_mut().try_for_each(|(key, value)| {
            let free_text = matches!(key.as_str(), "note" | "reason" | "watcher");
            clean_value(value, free_text).map_err(|(below, c)| (join(key, &below), c))
        }),
        _ => Ok(()),
    }
}

/// `owners` below `items[2]`: `items[2].owners`.
fn join(place: &str, below: &str) -> String {
    let dot = if below.is_empty() || below.starts_with('[') { "" } else { "." };
    format!("{place}{dot}{below}")
}

/// Adds what every template may use beside the context's own fields.
pub(super) fn extend(values: &mut Value, link: bool, extras: Value) {
    let link =
        if link { json!({ "begin": LINK_BEGIN, "url": LINK_PLACEHOLDER, "end": LINK_END }) } else { Value::Null };
    if let (Value::Object(values), Value::Object(extras)) = (values, extras) {
        values.extend(extras);
        values.insert("link".into(), link);
        values.insert(
            "numerals".into(),
            json!(["一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二"]),
        );
    }
}

pub(super) fn letter_extras(context: &LetterContext) -> Value {
    let mut counts = BTreeMap::new();
    let mut colours = BTreeMap::new();
    for kind in SectionKind::ALL {
        let count: usize =
            context.sections.iter().filter(|section| section.kind == kind).map(|section| section.items.len()).sum();
        counts.insert(kind, count);
        colours.insert(kind, colour(kind));
    }
    let of_kind = || context.sections.iter().filter(|section| section.kind.letter() == context.kind);
    let mut gravest: Vec<&LetterItem> = of_kind().flat_map(|section| &section.items).collect();
    if gravest.is_empty() {
        gravest = context.sections.iter().take(1).flat_map(|section| &section.items).collect();
    }
    let longest = gravest.iter().filter_map(|item| item.days_overdue).max().unwrap_or(0);
    json!({
        "counts": counts,
        "colours": colours,
        "gravest": gravest,
        "longest": longest,
    })
}

fn colour(kind: SectionKind) -> &'static str {
    match kind {
        SectionKind::EventMissed
        | SectionKind::Event
        | SectionKind::Supervise
        | SectionKind::Chase
        | SectionKind::Overdue => "#b42318",
        SectionKind::Decided => "#1a6b2f",
        SectionKind::View
        | SectionKind::Returned
        | SectionKind::DueToday
        | SectionKind::DueSoon
        | SectionKind::Moved => "#8a5a00",
    }
}

/// The digest's lists of items in order, each with its heading.
pub(super) fn digest_lists(context: &DigestContext, values: &Value) -> Value {
    let lists = [
        ("新增逾期", "new_misses", "#b42318", 0),
        ("持续逾期", "standing", "#b42318", 0),
        ("通报建议", "proposals", "#b42318", context.more_proposals),
        ("待审核", "waiting_review", "#1a6b2f", 0),
        ("延期申请", "extensions", "#8a5a00", 0),
        ("异议", "disputes", "#8a5a00", 0),
        ("未提醒，请核定", "unreminded", "#444444", context.more_unreminded),
    ];
    debug_assert!(context.new_misses.len() == values["new_misses"].as_array().map_or(0, Vec::len));
    lists
        .into_iter()
        .map(|(title, field, colour, more)| {
            json!({ "title": title, "items": values[field], "colour": colour, "more": more })
        })
        .collect()
}

/// The digest's first sentence: 零报告 where there is nothing.
pub(super) fn digest_summary(context: &DigestContext) -> String {
    let listed = context.proposals.len()
        + context.waiting_review.len()
        + context.extensions.len()
        + context.disputes.len()
        + context.unreminded.len();
    let decide = listed as u64 + context.more_proposals + context.more_unreminded;
    let misses = match (context.new_misses.len(), context.standing.len()) {
        (0, 0) => "今日无新增逾期，无持续逾期。".to_owned(),
        (0, standing) => format!("今日无新增逾期，持续逾期{standing}项。"),
        (new, standing) => format!("今日新增逾期{new}项，持续逾期{standing}项。"),
    };
    let decide =
        if decide == 0 { "无待办理事项。".to_owned() } else { format!("待我办办理{decide}项。") };
    let untold = match context.untold.len() {
        0 => String::new(),
        posts => format!("{posts}个岗位没有邮箱，无法告知。"),
    };
    format!("{misses}{decide}{untold}")
}
