//! TOML with positions: tables that are read key by key, each mistake reported where it stands.

use std::ops::Range;

use chrono::NaiveDate;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::diagnostic::{At, Report};
use super::mistake::layout::{LayoutFault, Table};
use super::mistake::value::{Type, ValueFault};
use super::mistake::words::shown;
use crate::domain::{name, text};

/// A day as messages write one.
pub const EXAMPLE_DAY: &str = "2022-09-30";

/// Parses a file. Every syntax error is reported; then there is no tree.
pub fn parse<'s>(report: &mut Report<'s>) -> Option<Spanned<DeTable<'s>>> {
    let (tree, errors) = DeTable::parse_recoverable(report.source().text());
    for error in &errors {
        let at = error.span().map_or(0, |span| span.start);
        let message = error.message().replace('\n', ", ");
        let (wrong, expected) = match message.split_once(", expected ") {
            Some((wrong, expected)) => (wrong, Some(expected.to_owned())),
            None => (message.as_str(), None),
        };
        report.at(at, LayoutFault::NotToml { wrong: wrong.to_owned(), expected });
    }
    errors.is_empty().then_some(tree)
}

/// A table whose keys are taken one by one; what is left over at the end is unknown.
#[derive(Debug)]
pub struct TableFields<'s, 't> {
    table: &'t DeTable<'s>,
    at: usize,
    name: Table,
    taken: Vec<&'static str>,
}

impl<'s, 't> TableFields<'s, 't> {
    pub fn of_file(tree: &'t Spanned<DeTable<'s>>) -> TableFields<'s, 't> {
        TableFields { table: tree.get_ref(), at: 0, name: Table::Whole, taken: Vec::new() }
    }

    fn of_table(table: &'t DeTable<'s>, at: usize, name: &'static str) -> TableFields<'s, 't> {
        TableFields { table, at, name: Table::Of(name), taken: Vec::new() }
    }

    pub fn at(&self) -> usize {
        self.at
    }

    fn take(&mut self, key: &'static str) -> Option<&'t Spanned<DeValue<'s>>> {
        self.taken.push(key);
        self.table.get(key)
    }

    fn need(
        &mut self,
        report: &mut Report<'_>,
        key: &'static str,
        like: &'static str,
    ) -> Option<&'t Spanned<DeValue<'s>>> {
        let found = self.take(key);
        if found.is_none() {
            report.at(self.at, LayoutFault::MissingKey { table: self.name.clone(), key, like });
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

    /// A name that must be given.
    pub fn name(&mut self, report: &mut Report<'_>, key: &'static str) -> Option<At<String>> {
        let found = self.text(report, key)?;
        if let Err(fault) = name::check_name(&found.value) {
            report.value(found.at, key, ValueFault::BadName(fault));
            return None;
        }
        Some(found)
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
            None => wrong_type(report, key, value, Type::Flag),
        }
    }

    /// A date that must be given.
    pub fn date(&mut self, report: &mut Report<'_>, key: &'static str) -> Option<At<NaiveDate>> {
        let value = self.need(report, key, EXAMPLE_DAY)?;
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
            return wrong_type(report, key, value, Type::Texts);
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
    pub fn table_if(&mut self, report: &mut Report<'_>, key: &'static str) -> Option<TableFields<'s, 't>> {
        let value = self.take(key)?;
        match value.get_ref() {
            DeValue::Table(table) => Some(TableFields::of_table(table, value.span().start, key)),
            _ => wrong_type(report, key, value, Type::Table),
        }
    }

    /// A list of tables (`[[key]]`) that may be missing.
    pub fn tables(&mut self, report: &mut Report<'_>, key: &'static str) -> Vec<TableFields<'s, 't>> {
        let Some(value) = self.take(key) else { return Vec::new() };
        let DeValue::Array(list) = value.get_ref() else {
            wrong_type::<()>(report, key, value, Type::Tables(key));
            return Vec::new();
        };
        let mut tables = Vec::with_capacity(list.len());
        for item in list {
            match item.get_ref() {
                DeValue::Table(table) => tables.push(TableFields::of_table(table, item.span().start, key)),
                _ => {
                    wrong_type::<()>(report, key, item, Type::Table);
                }
            }
        }
        tables
    }

    /// Reports the keys that were not asked for.
    pub fn finish(self, report: &mut Report<'_>) {
        for key in self.table.keys().filter(|key| !self.taken.contains(&key.get_ref().as_ref())) {
            let meant = report.meant(key.get_ref(), self.taken.iter().copied());
            let unknown = LayoutFault::UnknownKey { table: self.name.clone(), key: shown(key.get_ref()), meant };
            report.at(key.span().start, unknown);
        }
    }
}

fn wrong_type<T>(report: &mut Report<'_>, key: &'static str, value: &Spanned<DeValue<'_>>, right: Type) -> Option<T> {
    report.value(value.span().start, key, ValueFault::WrongType(value.get_ref().type_str(), right));
    None
}

fn string(report: &mut Report<'_>, key: &'static str, value: &Spanned<DeValue<'_>>) -> Option<At<String>> {
    let Some(found) = value.get_ref().as_str() else { return wrong_type(report, key, value, Type::Text) };
    if let Some((_, c, _)) = text::first_forbidden(found) {
        let at = raw_position(report.source().text(), value.span(), c);
        report.value(at, key, ValueFault::ForbiddenCharacter(c));
        return None;
    }
    Some(At::new(found.to_owned(), value.span().start))
}

/// Where a character stands within a value, or the value's beginning when it is written as an escape.
fn raw_position(source: &str, span: Range<usize>, c: char) -> usize {
    source.get(span.clone()).and_then(|raw| raw.find(c)).map_or(span.start, |within| span.start + within)
}

fn number(report: &mut Report<'_>, key: &'static str, value: &Spanned<DeValue<'_>>) -> Option<At<u32>> {
    let Some(integer) = value.get_ref().as_integer() else { return wrong_type(report, key, value, Type::WholeNumber) };
    if let Ok(number) = u32::from_str_radix(integer.as_str(), integer.radix()) {
        Some(At::new(number, value.span().start))
    } else {
        let fault = ValueFault::OutOfRange { written: shown(integer.as_str()), least: 0, most: i64::from(u32::MAX) };
        report.value(value.span().start, key, fault);
        None
    }
}

fn date(report: &mut Report<'_>, key: &'static str, value: &Spanned<DeValue<'_>>) -> Option<At<NaiveDate>> {
    let written = match value.get_ref() {
        DeValue::String(written) => written.to_string(),
        DeValue::Datetime(written) => written.to_string(),
        _ => return wrong_type(report, key, value, Type::Date(EXAMPLE_DAY)),
    };
    if let Some(date) = super::grammar::date(&written) {
        Some(At::new(date, value.span().start))
    } else {
        report.value(value.span().start, key, ValueFault::NoDate { written: shown(&written), like: EXAMPLE_DAY });
        None
    }
}
