//! Reads each layer strictly, then puts the layers together.
//!
//! What a strict reading finds is told where it stands: file, line and column, or the variable's name. Only when nothing
//! is wrong are the layers handed to the `config` crate, which knows which goes over which.

use std::{borrow::Cow, fs, path::Path};

use config::{Environment, File, FileFormat};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    database, mail,
    sections::{DEFAULTS, Sections, keys},
    transport,
    value::Kind,
    values::{EMBEDDED, Key, PREFIX, Placed, Surroundings, Values},
};
use crate::catalogue::{
    Diagnostics, Mistake,
    diagnostic::{Report, Source},
    mistake::{
        file::{FileFault, Unreadable},
        layout::{LayoutFault, Table},
        setting::SettingFault,
        value::{Of, Type, ValueFault},
        words::{Meant, meant, shown},
    },
    tree,
};

/// A larger file is none of ours.
const LARGEST: u64 = 1 << 20;

pub(super) fn read_file(path: &Path) -> Result<Vec<u8>, Diagnostics> {
    let wrong = |why| Diagnostics::of_file(path.display().to_string(), FileFault::UnreadableConfiguration(why));
    let system = |error: std::io::Error| wrong(Unreadable::System(error.to_string()));
    let about = fs::metadata(path).map_err(system)?;
    if !about.is_file() {
        return Err(wrong(Unreadable::NoFile));
    }
    if about.len() > LARGEST {
        return Err(wrong(Unreadable::TooLarge(LARGEST >> 20)));
    }
    fs::read(path).map_err(system)
}

/// Reads and joins the layers. `file` is a name and its bytes.
pub(super) fn read(file: Option<(&str, &[u8])>, around: &Surroundings) -> Result<Sections, Diagnostics> {
    let mut values = Values::default();
    let mut found = Diagnostics::default();
    read_source(&Source::new(EMBEDDED, DEFAULTS), &mut values, &mut found);
    let source = file.map(|(name, bytes)| Source::decode(name, bytes)).transpose();
    let source = source.unwrap_or_else(|wrong| {
        found.add(wrong);
        None
    });
    if let Some(source) = &source {
        read_source(source, &mut values, &mut found);
    }
    read_environment(around, &mut values, &mut found);
    found.add(mail::check(&values));
    found.add(transport::check(&values, around));
    found.add(database::check(&values, around));
    found.or(())?;
    join(source.as_ref().map_or("", Source::text), around)
}

fn read_source<'s>(source: &'s Source<'s>, values: &mut Values, found: &mut Diagnostics) {
    let mut report = Report::new(source);
    if let Some(tree) = tree::parse(&mut report) {
        read_table(tree.get_ref(), "", values, &mut report);
    }
    found.add(report.finish());
}

fn read_table(table: &DeTable<'_>, above: &str, values: &mut Values, report: &mut Report<'_>) {
    for (key, value) in table {
        let name = key.get_ref().as_ref();
        let path = if above.is_empty() { name.to_owned() } else { format!("{above}.{name}") };
        if let Some(key) = keys().find(|key| key.path == path) {
            read_value(key, value, values, report);
        } else if let Some(section) = section(&path) {
            match value.get_ref() {
                DeValue::Table(inner) => read_table(inner, &path, values, report),
                other => {
                    let fault = ValueFault::WrongType(other.type_str(), Type::Section(section));
                    report.value(value.span().start, last_name(section), fault);
                }
            }
        } else {
            let table = if above.is_empty() { Table::Whole } else { Table::Section(above.to_owned()) };
            let unknown = LayoutFault::UnknownKey { table, key: shown(name), meant: hint(above, name) };
            report.at(key.span().start, unknown);
        }
    }
}

/// The section of that path, if there is one.
fn section(path: &str) -> Option<&'static str> {
    let within = keys().find(|key| key.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))?;
    within.path.get(..path.len())
}

fn last_name(path: &'static str) -> &'static str {
    path.rsplit('.').next().unwrap_or(path)
}

/// What was probably meant by an unknown key: one of its neighbours, or the section in which such a key stands.
fn hint(above: &str, name: &str) -> Meant {
    let elsewhere = keys().find(|key| last_name(key.path) == name);
    if let Some(key) = elsewhere {
        return Meant::ElsewhereIn(key.path.rsplit_once('.').map_or("", |(section, _)| section).to_owned());
    }
    let below = |key: &'static Key| {
        let rest = if above.is_empty() { Some(key.path) } else { key.path.strip_prefix(above)?.strip_prefix('.') };
        rest?.split('.').next()
    };
    meant(name, keys().filter_map(below))
}

fn read_value(key: &Key, value: &Spanned<DeValue<'_>>, values: &mut Values, report: &mut Report<'_>) {
    let at = value.span().start;
    let Some(text) = text_of(key.kind, value.get_ref()) else {
        report.value(at, last_name(key.path), ValueFault::WrongType(value.get_ref().type_str(), key.kind.like()));
        values.bad.insert(key.path);
        values.held.remove(key.path);
        return;
    };
    if let Err(fault) = key.kind.check(&text) {
        report.value(at, last_name(key.path), fault);
        values.bad.insert(key.path);
        values.held.remove(key.path);
        return;
    }
    let (line, column) = report.source().position(at);
    let placed = Placed { text: text.into_owned(), name: report.source().name().to_owned(), line, column };
    values.held.insert(key.path, placed);
}

/// The value as text, if it is of the type that the kind wants.
fn text_of<'v>(kind: Kind, value: &'v DeValue<'_>) -> Option<Cow<'v, str>> {
    match (kind, value) {
        (Kind::Number(..), DeValue::Integer(number)) => {
            let number = i64::from_str_radix(number.as_str(), number.radix()).ok()?;
            Some(Cow::Owned(number.to_string()))
        }
        (Kind::Flag, DeValue::Boolean(flag)) => Some(Cow::Borrowed(if *flag { "true" } else { "false" })),
        (Kind::Date, DeValue::Datetime(date)) => Some(Cow::Owned(date.to_string())),
        (Kind::Number(..) | Kind::Flag, _) => None,
        (_, DeValue::String(text)) => Some(Cow::Borrowed(text.as_ref())),
        _ => None,
    }
}

fn read_environment(around: &Surroundings, values: &mut Values, found: &mut Diagnostics) {
    for name in around.unreadable.iter().filter(|name| name.starts_with(PREFIX)) {
        found.add(Diagnostics::of_file(variable(name), SettingFault::VariableNotUtf8));
    }
    for (name, text) in around.ours() {
        let path = name.strip_prefix(PREFIX).unwrap_or_default().to_ascii_lowercase().replace("__", ".");
        let Some(key) = keys().find(|key| key.path == path) else {
            let meant = match meant(&path, keys().map(|key| key.path)) {
                Meant::Word(path) => Some(format!("{PREFIX}{}", path.to_ascii_uppercase().replace('.', "__"))),
                _ => None,
            };
            found.add(Diagnostics::of_file(variable(name), SettingFault::UnknownVariable(meant)));
            continue;
        };
        if let Err(fault) = key.kind.check(text) {
            found.add(Diagnostics::of_file(variable(name), Mistake::Value(Of::Variable, fault)));
            values.bad.insert(key.path);
            values.held.remove(key.path);
            continue;
        }
        values.held.insert(key.path, Placed { text: text.to_owned(), name: variable(name), line: 0, column: 0 });
    }
}

fn variable(name: &str) -> String {
    format!("environment variable {}", shown(name))
}

fn join(text: &str, around: &Surroundings) -> Result<Sections, Diagnostics> {
    let ours = around.ours().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let environment = Environment::with_prefix("DUBAN").prefix_separator("__").separator("__").source(Some(ours));
    let joined = config::Config::builder()
        .add_source(File::from_str(DEFAULTS, FileFormat::Toml))
        .add_source(File::from_str(text, FileFormat::Toml))
        .add_source(environment)
        .build()
        .and_then(config::Config::try_deserialize);
    joined.map_err(|error| Diagnostics::of_file("the configuration", FileFault::Unjoined(error.to_string())))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn with(kind: &str) -> String {
        let mut sections: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for key in keys() {
            let (section, name) = key.path.rsplit_once('.').unwrap();
            let file_key = matches!(name, "kind" | "folder");
            let skipped = match section {
                "mail.transport" => name == "kind" || file_key != (kind == "file"),
                // Files that are not there on the machine of a test.
                _ => name == "url_file",
            };
            if !skipped && !matches!(name, "password_file" | "username" | "extra_root") {
                sections.entry(section).or_default().push(format!("{name} = {}", key.example));
            }
        }
        sections.entry("mail.transport").or_default().push(format!("kind = \"{kind}\""));
        let section = |(name, lines): (&str, Vec<String>)| format!("[{name}]\n{}\n", lines.join("\n"));
        sections.into_iter().map(section).collect::<Vec<_>>().concat()
    }

    #[test]
    fn every_key_may_be_given() {
        for kind in ["file", "smtp"] {
            let text = with(kind);
            let read = read(Some(("all.toml", text.as_bytes())), &Surroundings::default());
            assert!(read.is_ok(), "{}\n{text}", read.unwrap_err());
        }
    }

    #[test]
    fn every_key_stands_in_the_defaults() {
        for key in keys() {
            let (section, name) = key.path.rsplit_once('.').unwrap();
            let from = DEFAULTS.find(&format!("[{section}]\n")).unwrap_or_else(|| panic!("no [{section}]"));
            let body = &DEFAULTS[from + 1..];
            let body = body.find("\n[").map_or(body, |end| &body[..end]);
            let written = body.lines().any(|line| {
                let line = line.strip_prefix("# ").unwrap_or(line);
                line.strip_prefix(name).is_some_and(|rest| rest.starts_with(" = "))
            });
            assert!(written, "{} is not in config/default.toml", key.path);
        }
    }

    #[test]
    fn the_environment_goes_over_the_file() {
        let around = Surroundings::of(&[("DUBAN__TIME__HORIZON_DAYS", "7"), ("DUBAN__MAIL__FROM_NAME", "0123")]);
        let text = b"[time]\nhorizon_days = 9\n[office]\ncontact = \"x\"\n";
        let sections = read(Some(("x.toml", text)), &around).unwrap();
        assert_eq!((sections.time.horizon_days, sections.office.contact.as_str()), (7, "x"));
        assert_eq!(sections.mail.from_name, "0123");
    }
}
