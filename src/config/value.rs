//! The kinds of value that a key can have: read once here, for files and the environment alike.
//!
//! Each type reads itself from text and says what is wrong and what would be right. Nothing here knows where the text
//! stands.

use std::{fmt, path::PathBuf, str::FromStr, time::Duration};

use chrono::{NaiveDate, TimeDelta};
use serde::Deserialize;

use crate::{
    catalogue::{diagnostic::shown, grammar},
    domain::text,
    mail::{Address, parse_address},
    store::Location,
};

/// What is wrong with a text, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    pub what: String,
    pub right: String,
}

impl Wrong {
    pub fn new(what: impl Into<String>, right: impl Into<String>) -> Wrong {
        Wrong { what: what.into(), right: right.into() }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.what, self.right)
    }
}

/// What a key's value must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One line of text, not empty.
    Text,
    /// A name of the time zone database.
    Zone,
    Date,
    /// A whole number from and to.
    Number(u32, u32),
    /// A length of time from and to, in seconds.
    Span(u32, u32),
    /// A size, such as 50MB.
    Size,
    Flag,
    Word(&'static [&'static str]),
    Address,
    /// The address of a web page.
    Link,
    Database,
    /// A host name or IP address.
    Host,
    /// IP addresses, blank-separated.
    Addresses,
    Header,
    /// Where to listen: an IP address and a port, or `off`.
    Listen,
    Path,
    Program,
    Filter,
}

impl Kind {
    /// What a value of this kind looks like, for messages.
    pub fn like(self) -> &'static str {
        match self {
            Kind::Number(..) => "a whole number",
            Kind::Flag => "true or false",
            Kind::Date => "a date like 2026-01-01",
            Kind::Span(..) => "a length of time in quotes, like \"30s\", \"10m\" or \"2h\"",
            Kind::Size => "a size in quotes, like \"50MB\"",
            _ => "a text in quotes",
        }
    }

    /// Whether the text is such a value.
    pub fn check(self, written: &str) -> Result<(), Wrong> {
        if let Some((_, c, what)) = text::first_forbidden(written) {
            return Err(Wrong::new(format!("has {what} (U+{:04X})", u32::from(c)), "take it out"));
        }
        match self {
            Kind::Text => nonempty(written, "is empty", "give a text, or leave the key out"),
            Kind::Zone => ZoneName::from_str(written).map(drop),
            Kind::Date => Day::from_str(written).map(drop),
            Kind::Number(least, most) => number(written, least, most),
            Kind::Span(least, most) => span(written, least, most),
            Kind::Size => Size::from_str(written).map(drop),
            Kind::Flag => flag(written),
            Kind::Word(words) => word(written, words),
            Kind::Address => MailAddress::from_str(written).map(drop),
            Kind::Link => Link::from_str(written).map(drop),
            Kind::Database => database(written),
            Kind::Host => host(written),
            Kind::Addresses => addresses(written),
            Kind::Header => header(written),
            Kind::Listen => listen(written),
            Kind::Path => nonempty(written, "is empty", "give a path, or leave the key out"),
            Kind::Program => nonempty(written, "is empty", "give a program and its arguments, or leave the key out"),
            Kind::Filter => filter(written),
        }
    }
}

fn nonempty(written: &str, what: &str, right: &str) -> Result<(), Wrong> {
    if written.trim().is_empty() { Err(Wrong::new(what, right)) } else { Ok(()) }
}

fn number(written: &str, least: u32, most: u32) -> Result<(), Wrong> {
    let right = format!("it must be from {least} to {most}");
    match written.parse::<i64>() {
        Ok(n) if (i64::from(least)..=i64::from(most)).contains(&n) => Ok(()),
        Ok(n) => Err(Wrong::new(format!("is {n}"), right)),
        Err(_) => Err(Wrong::new(format!("is no whole number: `{}`", shown(written)), right)),
    }
}

fn span(written: &str, least: u32, most: u32) -> Result<(), Wrong> {
    let Span(span) = written.parse()?;
    let (least, most) = (TimeDelta::seconds(i64::from(least)), TimeDelta::seconds(i64::from(most)));
    if span < least || span > most {
        let right = format!("it must be from {} to {}", show_span(least), show_span(most));
        return Err(Wrong::new(format!("is {}", shown(written)), right));
    }
    Ok(())
}

fn flag(written: &str) -> Result<(), Wrong> {
    match written {
        "true" | "false" => Ok(()),
        _ => Err(Wrong::new(format!("is `{}`", shown(written)), "it must be true or false")),
    }
}

fn word(written: &str, words: &[&str]) -> Result<(), Wrong> {
    if words.contains(&written) {
        return Ok(());
    }
    Err(Wrong::new(format!("is `{}`", shown(written)), format!("it must be one of {}", words.join(", "))))
}

fn database(written: &str) -> Result<(), Wrong> {
    let right = "it must be sqlite:PATH or postgres://USER@HOST/NAME";
    match Location::from_str(written) {
        Ok(Location::SqliteMemory) => Err(Wrong::new("is a database in memory, which forgets everything", right)),
        Ok(_) => Ok(()),
        // The text may hold a password.
        Err(_) => Err(Wrong::new("is no address of a database", right)),
    }
}

fn host(written: &str) -> Result<(), Wrong> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._:".contains(&b);
    if !written.is_empty() && written.len() <= 255 && written.bytes().all(plain) {
        return Ok(());
    }
    let right = "it must be a name like smtp.163.com or an IP address, without port or smtp://";
    Err(Wrong::new(format!("is neither a host name nor an IP address: `{}`", shown(written)), right))
}

fn addresses(written: &str) -> Result<(), Wrong> {
    nonempty(written, "is empty", "give IP addresses, or leave the key out")?;
    match written.split_whitespace().find(|one| one.parse::<std::net::IpAddr>().is_err()) {
        None => Ok(()),
        Some(one) => {
            Err(Wrong::new(format!("`{}` is no IP address", shown(one)), "give IP addresses, blank-separated"))
        }
    }
}

fn header(written: &str) -> Result<(), Wrong> {
    match written.parse::<axum::http::HeaderName>() {
        Ok(_) => Ok(()),
        Err(_) => Err(Wrong::new(format!("is `{}`", shown(written)), "it must be a header's name like x-duban-post")),
    }
}

fn listen(written: &str) -> Result<(), Wrong> {
    if written == "off" || written.parse::<std::net::SocketAddr>().is_ok() {
        return Ok(());
    }
    let right = "it must be an IP address and a port like 127.0.0.1:8480, or \"off\"";
    Err(Wrong::new(format!("is `{}`", shown(written)), right))
}

fn filter(written: &str) -> Result<(), Wrong> {
    let right = "it must be error, warn, info, debug or trace, or a filter like `info,duban::jobs=debug`";
    match tracing_subscriber::EnvFilter::builder().parse(written) {
        Ok(_) if !written.trim().is_empty() => Ok(()),
        _ => Err(Wrong::new(format!("is no filter: `{}`", shown(written)), right)),
    }
}

/// Makes a type readable by serde from its text.
macro_rules! from_text {
    ($($name:ident),*) => {$(
        impl TryFrom<String> for $name {
            type Error = Wrong;

            fn try_from(written: String) -> Result<$name, Wrong> {
                written.parse()
            }
        }
    )*};
}

from_text!(ZoneName, Day, Span, Size, MailAddress, Link);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ZoneName(pub chrono_tz::Tz);

impl FromStr for ZoneName {
    type Err = Wrong;

    fn from_str(written: &str) -> Result<ZoneName, Wrong> {
        written.parse().map(ZoneName).map_err(|_| {
            let what = format!("is no time zone: `{}`", shown(written));
            Wrong::new(what, "it must be a name of the time zone database, like Asia/Shanghai")
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Day(pub NaiveDate);

impl FromStr for Day {
    type Err = Wrong;

    fn from_str(written: &str) -> Result<Day, Wrong> {
        grammar::date(written).map(Day).ok_or_else(|| {
            let what = format!("is no date: `{}`", shown(written));
            Wrong::new(what, "dates are written like 2026-01-01 and must exist")
        })
    }
}

/// A length of time: `500ms`, `30s`, `10m`, `2h`, `5d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Span(pub TimeDelta);

impl Span {
    /// As the standard library has it.
    pub fn std(self) -> Duration {
        self.0.to_std().unwrap_or_default()
    }
}

impl FromStr for Span {
    type Err = Wrong;

    fn from_str(written: &str) -> Result<Span, Wrong> {
        let wrong = || {
            let what = format!("is no length of time: `{}`", shown(written));
            Wrong::new(what, "it is written like 500ms, 30s, 10m, 2h or 5d")
        };
        let end = written.find(|c: char| !c.is_ascii_digit()).unwrap_or(written.len());
        let (digits, unit) = written.split_at(end);
        let milliseconds: i64 = match unit {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(wrong()),
        };
        let n: i64 = digits.parse().map_err(|_| wrong())?;
        let span = n.checked_mul(milliseconds).and_then(TimeDelta::try_milliseconds);
        span.map(Span).ok_or_else(wrong)
    }
}

/// A length of time as one writes it: `10m`.
pub fn show_span(span: TimeDelta) -> String {
    let seconds = span.num_seconds();
    for (unit, length) in [("d", 86_400), ("h", 3600), ("m", 60)] {
        if seconds >= length && seconds % length == 0 {
            return format!("{}{unit}", seconds / length);
        }
    }
    format!("{seconds}s")
}

/// A size in bytes: `500kB`, `50MB`, `2GB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Size(pub u64);

impl FromStr for Size {
    type Err = Wrong;

    fn from_str(written: &str) -> Result<Size, Wrong> {
        let wrong = || Wrong::new(format!("is no size: `{}`", shown(written)), "it is written like 500kB, 50MB or 2GB");
        let end = written.find(|c: char| !c.is_ascii_digit()).unwrap_or(written.len());
        let (digits, unit) = written.split_at(end);
        let bytes: u64 = match unit.trim_start() {
            "kB" => 1_000,
            "MB" => 1_000_000,
            "GB" => 1_000_000_000,
            _ => return Err(wrong()),
        };
        let n: u64 = digits.parse().map_err(|_| wrong())?;
        n.checked_mul(bytes).filter(|size| *size > 0).map(Size).ok_or_else(wrong)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct MailAddress(pub Address);

impl FromStr for MailAddress {
    type Err = Wrong;

    fn from_str(written: &str) -> Result<MailAddress, Wrong> {
        parse_address(written)
            .map(MailAddress)
            .map_err(|error| Wrong::new(format!("is no address: {error}"), "it is written like duban@cq.gov.cn"))
    }
}

/// Where the console is, without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Link(pub String);

impl FromStr for Link {
    type Err = Wrong;

    fn from_str(written: &str) -> Result<Link, Wrong> {
        let rest = written.strip_prefix("https://").or_else(|| written.strip_prefix("http://"));
        let plain = |b: u8| b.is_ascii_graphic() && !b"\"'<>\\^`{|}?#".contains(&b);
        match rest {
            Some(rest) if !rest.trim_matches('/').is_empty() && rest.bytes().all(plain) => {
                Ok(Link(written.trim_end_matches('/').to_owned()))
            }
            _ => {
                let what = format!("is no address of a page: `{}`", shown(written));
                Err(Wrong::new(what, "it is written like https://duban.cq.gov.cn, without ? or #"))
            }
        }
    }
}

/// A program and its arguments, parted by blanks; no shell reads them.
pub fn program(written: &str) -> (PathBuf, Vec<String>) {
    let mut words = written.split_whitespace().map(str::to_owned);
    let program = words.next().unwrap_or_default();
    (PathBuf::from(program), words.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time() {
        assert_eq!("500ms".parse(), Ok(Span(TimeDelta::milliseconds(500))));
        assert_eq!("10m".parse(), Ok(Span(TimeDelta::minutes(10))));
        for wrong in ["", "10", "m", "-5s", "1.5h", "5 m", "99999999999999999d", "5M"] {
            assert!(wrong.parse::<Span>().is_err(), "{wrong}");
        }
        assert_eq!((show_span(TimeDelta::seconds(90)), show_span(TimeDelta::hours(48))), ("90s".into(), "2d".into()));
    }

    #[test]
    fn sizes_and_links() {
        assert_eq!("50MB".parse(), Ok(Size(50_000_000)));
        assert!("0MB".parse::<Size>().is_err() && "50".parse::<Size>().is_err());
        assert_eq!("https://a.cn/x/".parse(), Ok(Link("https://a.cn/x".into())));
        for wrong in ["a.cn", "ftp://a.cn", "https://", "https://a.cn/?x", "https://a b"] {
            assert!(wrong.parse::<Link>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_database_address_is_not_repeated() {
        let wrong = Kind::Database.check("mysql://u:secret@h/d").unwrap_err();
        assert!(!wrong.to_string().contains("secret"));
    }
}
