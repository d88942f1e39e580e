//! Reads each layer strictly, then puts the layers together.
//!
//! What a strict reading finds is told where it stands: file, line and column, or the variable's name; so is what is hidden
//! by a higher layer. Which layer's value of a key rules is left to the `config` crate.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::section::{Key, Setting as _};
use super::sections::{DEFAULTS, Sections};
use super::values::{EMBEDDED, Layer, PREFIX, Placed, Surroundings, Values};
use super::{database, mail, transport};
use crate::catalogue::diagnostic::{Report, Source};
use crate::catalogue::mistake::file::{FileFault, Unreadable};
use crate::catalogue::mistake::layout::{LayoutFault, Table};
use crate::catalogue::mistake::setting::SettingFault;
use crate::catalogue::mistake::value::{Of, Type, ValueFault};
use crate::catalogue::mistake::words::{Meant, meant, shown};
use crate::catalogue::{Diagnostics, Mistake, tree};

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
    let mut reader = Reader::default();
    let mut layers = vec![reader.source(&Source::new(EMBEDDED, DEFAULTS))];
    match file.map(|(name, bytes)| Source::decode(name, bytes)) {
        Some(Ok(source)) => layers.push(reader.source(&source)),
        Some(Err(wrong)) => reader.found.add(wrong),
        None => {}
    }
    layers.push(reader.environment(around));
    let Reader { keys, bad, mut found } = reader;
    let unjoined = |words| Diagnostics::of_file("the configuration", FileFault::Unjoined(words));
    let values =
        Values::join(&layers, keys.iter().map(|key| key.path), bad).map_err(|error| unjoined(error.to_string()))?;
    found.add(mail::check(&values));
    found.add(transport::check(&values, around));
    found.add(database::check(&values, around));
    found.or(())?;
    Sections::read_from(&values, "").ok_or_else(|| unjoined("a key that is needed has no default".into()))
}

/// Reads layers by the keys that there are, and collects what is wrong with them.
struct Reader {
    keys: Vec<Key>,
    found: Diagnostics,
    /// The keys that were given a value that they cannot have.
    bad: BTreeSet<&'static str>,
}

impl Default for Reader {
    fn default() -> Reader {
        Reader { keys: Sections::keys(""), found: Diagnostics::default(), bad: BTreeSet::new() }
    }
}

impl Reader {
    fn key(&self, path: &str) -> Option<Key> {
        self.keys.iter().find(|key| key.path == path).copied()
    }

    fn source(&mut self, source: &Source<'_>) -> Layer {
        let mut layer = Layer::new(source.name());
        let mut report = Report::new(source);
        if let Some(tree) = tree::parse(&mut report) {
            self.table(tree.get_ref(), "", &mut layer, &mut report);
        }
        self.found.add(report.finish());
        layer
    }

    fn table(&mut self, table: &DeTable<'_>, above: &str, layer: &mut Layer, report: &mut Report<'_>) {
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let path = if above.is_empty() { name.to_owned() } else { format!("{above}.{name}") };
            if let Some(key) = self.key(&path) {
                self.value(key, value, layer, report);
            } else if let Some(section) = self.section(&path) {
                match value.get_ref() {
                    DeValue::Table(inner) => self.table(inner, section, layer, report),
                    other => {
                        let fault = ValueFault::WrongType(other.type_str(), Type::Section(section));
                        report.value(value.span().start, section.rsplit('.').next().unwrap_or(section), fault);
                    }
                }
            } else {
                let table = if above.is_empty() { Table::Whole } else { Table::Section(above.to_owned()) };
                let unknown = LayoutFault::UnknownKey { table, key: shown(name), meant: self.hint(above, name) };
                report.at(key.span().start, unknown);
            }
        }
    }

    /// The section of that path, if there is one.
    fn section(&self, path: &str) -> Option<&'static str> {
        let below = |key: &&Key| key.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'));
        self.keys.iter().find(below)?.path.get(..path.len())
    }

    /// What was probably meant by an unknown key: one of its neighbours, or the section in which such a key stands.
    fn hint(&self, above: &str, name: &str) -> Meant {
        if let Some(key) = self.keys.iter().find(|key| key.name() == name) {
            return Meant::ElsewhereIn(key.section().to_owned());
        }
        let below = |key: &Key| {
            let rest = if above.is_empty() { Some(key.path) } else { key.path.strip_prefix(above)?.strip_prefix('.') };
            rest?.split('.').next()
        };
        meant(name, self.keys.iter().filter_map(below))
    }

    fn value(&mut self, key: Key, value: &Spanned<DeValue<'_>>, layer: &mut Layer, report: &mut Report<'_>) {
        let at = value.span().start;
        let wrong_type = || ValueFault::WrongType(value.get_ref().type_str(), key.kind);
        let text = text_of(key.kind, value.get_ref()).ok_or_else(wrong_type);
        match text.and_then(|text| key.check(&text).map(|()| text.into_owned())) {
            Ok(text) => {
                let (line, column) = report.source().position(at);
                let file = report.source().name().to_owned();
                layer.held.insert(key.path, Placed { text, file, line, column });
            }
            Err(fault) => {
                report.value(at, key.name(), fault);
                self.bad.insert(key.path);
            }
        }
    }

    fn environment(&mut self, around: &Surroundings) -> Layer {
        let mut layer = Layer::new("the environment");
        for name in around.unreadable.iter().filter(|name| name.starts_with(PREFIX)) {
            self.found.add(Diagnostics::of_file(variable(name), SettingFault::VariableNotUtf8));
        }
        for (name, text) in around.ours() {
            let path = name.strip_prefix(PREFIX).unwrap_or_default().to_ascii_lowercase().replace("__", ".");
            let file = variable(name);
            let Some(key) = self.key(&path) else {
                let meant = match meant(&path, self.keys.iter().map(|key| key.path)) {
                    Meant::Word(path) => Some(format!("{PREFIX}{}", path.to_ascii_uppercase().replace('.', "__"))),
                    _ => None,
                };
                self.found.add(Diagnostics::of_file(file, SettingFault::UnknownVariable(meant)));
                continue;
            };
            if let Err(fault) = key.check(text) {
                self.found.add(Diagnostics::of_file(file, Mistake::Value(Of::Variable, fault)));
                self.bad.insert(key.path);
                continue;
            }
            layer.held.insert(key.path, Placed { text: text.to_owned(), file, line: 0, column: 0 });
        }
        layer
    }
}

/// The value as text, if it is of the type that the key wants.
fn text_of<'v>(kind: Type, value: &'v DeValue<'_>) -> Option<Cow<'v, str>> {
    match (kind, value) {
        (Type::WholeNumber, DeValue::Integer(number)) => {
            let number = i64::from_str_radix(number.as_str(), number.radix()).ok()?;
            Some(Cow::Owned(number.to_string()))
        }
        (Type::Flag, DeValue::Boolean(flag)) => Some(Cow::Borrowed(if *flag { "true" } else { "false" })),
        (Type::Date(_), DeValue::Datetime(date)) => Some(Cow::Owned(date.to_string())),
        (Type::WholeNumber | Type::Flag, _) => None,
        (_, DeValue::String(text)) => Some(Cow::Borrowed(text.as_ref())),
        _ => None,
    }
}

fn variable(name: &str) -> String {
    format!("environment variable {}", shown(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every key of the defaults, with the value that stands there or in a comment; of the transport's, one kind's.
    fn with(kind: &str) -> String {
        let mut text = String::new();
        let mut section = "";
        for line in DEFAULTS.lines() {
            if line.starts_with('[') {
                section = line;
                text += &format!("{line}\n");
                continue;
            }
            let line = line.strip_prefix("# ").unwrap_or(line);
            let Some((name, value)) = line.split_once(" = ").filter(|(name, _)| !name.contains(' ')) else { continue };
            let skipped = match section {
                "[mail.transport]" => name == "kind" || (name == "folder") != (kind == "file"),
                // A file that is not there on the machine of a test.
                _ => name == "url_file",
            };
            if !skipped && !matches!(name, "password_file" | "username" | "extra_root") {
                text += &format!("{name} = {value}\n");
            }
        }
        let text = text.replace("duban@example.com", "duban@cq.gov.cn");
        text.replace("[mail.transport]\n", &format!("[mail.transport]\nkind = \"{kind}\"\n"))
    }

    #[test]
    fn every_key_may_be_given() {
        for kind in ["file", "smtp"] {
            let text = with(kind);
            let read = read(Some(("all.toml", text.as_bytes())), &Surroundings::default());
            assert!(read.is_ok(), "{}\n{text}", read.unwrap_err());
            let given = text.lines().filter(|line| line.contains(" = ")).count();
            assert!(given > Sections::keys("").len() - 12, "{given}\n{text}");
        }
    }

    #[test]
    fn every_key_stands_in_the_defaults() {
        for key in Sections::keys("") {
            let from = DEFAULTS.find(&format!("[{}]\n", key.section())).unwrap_or_else(|| panic!("{}", key.path));
            let body = &DEFAULTS[from + 1..];
            let body = body.find("\n[").map_or(body, |end| &body[..end]);
            let written = body.lines().any(|line| {
                let line = line.strip_prefix("# ").unwrap_or(line);
                line.strip_prefix(key.name()).is_some_and(|rest| rest.starts_with(" = "))
            });
            assert!(written, "{} is not in config/default.toml", key.path);
        }
    }

    #[test]
    fn the_environment_goes_over_the_file() {
        let around = Surroundings::of(&[("DUBAN__TIME__HORIZON_DAYS", "7"), ("DUBAN__MAIL__FROM_NAME", "0123")]);
        let text = b"[time]\nhorizon_days = 9\n[office]\ncontact = \"x\"\n";
        let sections = read(Some(("x.toml", text)), &around).unwrap();
        assert_eq!((sections.time.horizon_days.0, sections.office.contact.as_str()), (7, "x"));
        assert_eq!(sections.mail.from_name, "0123");
    }
}
