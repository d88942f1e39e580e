//! TOML with positions: tables that are read key by key, each mistake reported where it stands.

use std::ops::Range;

use chrono::NaiveDate;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::diagnostic::{At, Report, shown};
use crate::domain::text;

/// A name is not longer than this.
const LONGEST_NAME: usize = 64;

/// Parses a file. Every syntax error is reported; then there is no tree.
pub fn parse<'s>(report: &mut Report<'s>) -> Option<Spanned<DeTable<'s>>> {
    let (tree, errors) = DeTable::parse_recoverable(report.source().text());
    for error in &errors {
        let at = error.span().map_or(0, |span| span.start);
        let message = error.message().replace('\n', ", ");
        let (wrong, right) = match message.split_once(", expected ") {
            Some((wrong, right)) => (wrong, format!("expected {right}")),
            None => (message.as_str(), String::new()),
        };
        report.at(at, format!("not TOML: {wrong}"), right);
    }
    errors.is_empty().then_some(tree)
}

/// A table whose keys are taken one by one; what is left over at the end is unknown.
#[derive(Debug)]
pub struct Fields<'s, 't> {
    table: &'t DeTable<'s>,
    at: usize,
    what: &'static str,
    taken: Vec<&'static str>,
}

impl<'s, 't> Fields<'s, 't> {
    /// A table that is called `what` in messages and stands at `at`.
    pub fn new(table: &'t DeTable<'s>, at: usize, what: &'static str) -> Fields<'s, 't> {
        Fields { table, at, what, taken: Vec::new() }
    }

    pub fn at(&self) -> usize {
        self.at
    }

    fn take(&mut self, key: &'static str) -> Option<&'t Spanned<DeValue<'s>>> {
        self.taken.push(key);
        self.table.get(key)
    }

    fn need(&mut self, report: &mut Report<'_>, key: &'static str, like: &str) -> Option<&'t Spanned<DeValue<'s>>> {
        let found = self.take(key);
        if found.is_none() {
            report.at(self.at, format!("{} has no `{key}`", self.what), format!("add `{key} = {like}`"));
        }
        found
    }

    pub fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// A text that must be given.
    pub fn text(&mut self, report: &mut Report<'_>, key: &'static str) -> Option<At<String>> {
        let value = self.need(report, key, "\"…\"")?;
        string(report, key, value)
    }

    /// A text that may be missing.
    pub fn text_if(&mut self, report: &mut Report<'_>, key: &'static str) -> Option<At<String>> {
        let value = self.take(key)?;
        string(report, key, value)
    }

    /// A name that must be given: not empty, no blanks at its ends, none of the marks that join names.
    pub fn name(&mut self, report: &mut Report<'_>, key: &'static str) -> Option<At<String>> {
        let found = self.text(report, key)?;
        check_name(report, key, &found).then_some(found)
    }

    /// A whole number that must be given.
    pub fn number(&mut self, report: &mut Report<'_>, key: &'static str) -> Option<At<u32>> {
        let value = self.need(report, key, "1")?;
        number(report, key, value)
    }

    /// A whole number that may be missing.
    pub fn number_if(&mut self, report: &mut Report<'_>, key: &'static str) -> Option<At<u32>> {
        let value = self.take(key)?;
        number(report, key, value)
    }

    /// A yes or no that may be missing.
    pub fn flag_if(&mut self, report: &mut Report<'_>, key: &'static str) -> Option<At<bool>> {
        let value = self.take(key)?;
        match value.get_ref().as_bool() {
            Some(flag) => Some(At::new(flag, value.span().start)),
            None => wrong_type(report, key, value, "true or false"),
        }
    }

    /// A date that must be given.
    pub fn date(&mut self, report: &mut Report<'_>, key: &'static str) -> Option<At<NaiveDate>> {
        let value = self.need(report, key, "2022-09-30")?;
        date(report, key, value)
    }

    /// A date that may be missing.
    pub fn date_if(&mut self, report: &mut Report<'_>, key: &'static str) -> Option<At<NaiveDate>> {
        let value = self.take(key)?;
        date(report, key, value)
    }

    /// A list of texts that may be missing; and where the list stands.
    pub fn texts_if(&mut self, report: &mut Report<'_>, key: &'static str) -> Option<At<Vec<At<String>>>> {
        let value = self.take(key)?;
        let DeValue::Array(list) = value.get_ref() else {
            return wrong_type(report, key, value, "a list of texts");
        };
        let texts = list.iter().filter_map(|item| string(report, key, item)).collect();
        Some(At::new(texts, value.span().start))
    }

    /// A list of texts that must be given.
    pub fn texts(&mut self, report: &mut Report<'_>, key: &'static str) -> Option<At<Vec<At<String>>>> {
        self.need(report, key, "[\"…\"]")?;
        self.texts_if(report, key)
    }

    /// A table that may be missing.
    pub fn table_if(&mut self, report: &mut Report<'_>, key: &'static str) -> Option<Fields<'s, 't>> {
        let value = self.take(key)?;
        match value.get_ref() {
            DeValue::Table(table) => Some(Fields::new(table, value.span().start, key)),
            _ => wrong_type(report, key, value, "a table"),
        }
    }

    /// A list of tables (`[[key]]`) that may be missing.
    pub fn tables(&mut self, report: &mut Report<'_>, key: &'static str) -> Vec<Fields<'s, 't>> {
        let Some(value) = self.take(key) else { return Vec::new() };
        let DeValue::Array(list) = value.get_ref() else {
            wrong_type::<()>(report, key, value, &format!("a list of tables, each begun by `[[{key}]]`"));
            return Vec::new();
        };
        let mut tables = Vec::with_capacity(list.len());
        for item in list {
            match item.get_ref() {
                DeValue::Table(table) => tables.push(Fields::new(table, item.span().start, key)),
                _ => {
                    wrong_type::<()>(report, key, item, "a table");
                }
            }
        }
        tables
    }

    /// Reports the keys that were not asked for.
    pub fn finish(self, report: &mut Report<'_>) {
        for key in self.table.keys().filter(|key| !self.taken.contains(&key.get_ref().as_ref())) {
            let name = key.get_ref();
            let message = format!("unknown key `{}` in {}", shown(name), self.what);
            report.unknown(key.span().start, message, name, self.taken.iter().copied());
        }
    }
}

fn wrong_type<T>(report: &mut Report<'_>, key: &str, value: &Spanned<DeValue<'_>>, right: &str) -> Option<T> {
    let message = format!("`{key}` is of type {}", value.get_ref().type_str());
    report.at(value.span().start, message, format!("it must be {right}"));
    None
}

fn string(report: &mut Report<'_>, key: &str, value: &Spanned<DeValue<'_>>) -> Option<At<String>> {
    let Some(found) = value.get_ref().as_str() else { return wrong_type(report, key, value, "a text in quotes") };
    if let Some((_, c, what)) = text::first_forbidden(found) {
        let at = raw_position(report.source().text(), value.span(), c);
        let message = format!("`{key}` has {what} (U+{:04X})", u32::from(c));
        report.at(at, message, "take it out");
        return None;
    }
    Some(At::new(found.to_owned(), value.span().start))
}

/// Where a character stands within a value, or the value's beginning when it is written as an escape.
fn raw_position(source: &str, span: Range<usize>, c: char) -> usize {
    source.get(span.clone()).and_then(|raw| raw.find(c)).map_or(span.start, |within| span.start + within)
}

/// Whether a text may be a name; reports it when not.
pub fn check_name(report: &mut Report<'_>, key: &str, name: &At<String>) -> bool {
    let value = name.value.as_str();
    let wrong = if value.is_empty() {
        "is empty"
    } else if value.trim() != value {
        "begins or ends with a blank"
    } else if value.chars().count() > LONGEST_NAME {
        "is longer than 64 characters"
    } else if value.contains([';', '@', '/', ':', ',']) {
        "has one of `; @ / : ,`, which join or mark names"
    } else {
        return true;
    };
    report.at(name.at, format!("`{key}` {wrong}"), "give a short plain name");
    false
}

fn number(report: &mut Report<'_>, key: &str, value: &Spanned<DeValue<'_>>) -> Option<At<u32>> {
    let Some(integer) = value.get_ref().as_integer() else { return wrong_type(report, key, value, "a whole number") };
    if let Ok(number) = u32::from_str_radix(integer.as_str(), integer.radix()) {
        Some(At::new(number, value.span().start))
    } else {
        let message = format!("`{key}` is out of range: {}", shown(integer.as_str()));
        report.at(value.span().start, message, "it must be from 0 to 4294967295");
        None
    }
}

fn date(report: &mut Report<'_>, key: &str, value: &Spanned<DeValue<'_>>) -> Option<At<NaiveDate>> {
    let written = match value.get_ref() {
        DeValue::String(written) => written.to_string(),
        DeValue::Datetime(written) => written.to_string(),
        _ => return wrong_type(report, key, value, "a date like 2022-09-30"),
    };
    if let Some(date) = super::grammar::date(&written) {
        Some(At::new(date, value.span().start))
    } else {
        let message = format!("`{key}` is no date: `{}`", shown(&written));
        report.at(value.span().start, message, "dates are written like 2022-09-30 and must exist");
        None
    }
}
