//! The kinds of value that a key can have: read once here, for files and the environment alike.
//!
//! Each type reads itself from text and says what is wrong and what would be right. Nothing here knows where the text
//! stands.

use std::{path::PathBuf, str::FromStr, time::Duration};

use chrono::{NaiveDate, TimeDelta};
use serde::Deserialize;

use crate::{
    catalogue::{
        grammar,
        mistake::{
            form::FormFault,
            value::{Type, ValueFault, Wanted},
            words::shown,
        },
    },
    domain::text,
    mail::{Address, parse_address},
    store::Location,
};

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
    /// What a value of this kind is in TOML.
    pub fn like(self) -> Type {
        match self {
            Kind::Number(..) => Type::WholeNumber,
            Kind::Flag => Type::Flag,
            Kind::Date => Type::Date(EXAMPLE_DAY),
            Kind::Span(..) => Type::LengthOfTime,
            Kind::Size => Type::Size,
            _ => Type::Text,
        }
    }

    /// Whether the text is such a value.
    pub fn check(self, written: &str) -> Result<(), ValueFault> {
        if let Some((_, c, _)) = text::first_forbidden(written) {
            return Err(ValueFault::ForbiddenCharacter(c));
        }
        match self {
            Kind::Text => nonempty(written, Wanted::Text),
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
            Kind::Path => nonempty(written, Wanted::Path),
            Kind::Program => nonempty(written, Wanted::Program),
            Kind::Filter => filter(written),
        }
    }
}

/// A day as this file's messages write one.
const EXAMPLE_DAY: &str = "2026-01-01";

fn nonempty(written: &str, wanted: Wanted) -> Result<(), ValueFault> {
    if written.trim().is_empty() { Err(ValueFault::EmptyValue(wanted)) } else { Ok(()) }
}

fn number(written: &str, least: u32, most: u32) -> Result<(), ValueFault> {
    match written.parse::<i64>() {
        Ok(n) if (i64::from(least)..=i64::from(most)).contains(&n) => Ok(()),
        Ok(n) => Err(outside(n.to_string(), least.to_string(), most.to_string())),
        Err(_) => Err(FormFault::NoWholeNumber { written: shown(written), least, most }.into()),
    }
}

fn outside(written: impl AsRef<str>, least: String, most: String) -> ValueFault {
    FormFault::Outside { written: shown(written), least, most }.into()
}

fn span(written: &str, least: u32, most: u32) -> Result<(), ValueFault> {
    let Span(span) = written.parse()?;
    let (least, most) = (TimeDelta::seconds(i64::from(least)), TimeDelta::seconds(i64::from(most)));
    if span < least || span > most {
        return Err(outside(written, show_span(least), show_span(most)));
    }
    Ok(())
}

fn flag(written: &str) -> Result<(), ValueFault> {
    match written {
        "true" | "false" => Ok(()),
        _ => Err(FormFault::NoFlag(shown(written)).into()),
    }
}

fn word(written: &str, words: &'static [&'static str]) -> Result<(), ValueFault> {
    if words.contains(&written) {
        return Ok(());
    }
    Err(FormFault::NoneOf { written: shown(written), words }.into())
}

fn database(written: &str) -> Result<(), ValueFault> {
    match Location::from_str(written) {
        Ok(Location::SqliteMemory) => Err(FormFault::ForgetfulDatabase.into()),
        Ok(_) => Ok(()),
        Err(_) => Err(FormFault::NoDatabase.into()),
    }
}

fn host(written: &str) -> Result<(), ValueFault> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._:".contains(&b);
    if !written.is_empty() && written.len() <= 255 && written.bytes().all(plain) {
        return Ok(());
    }
    Err(FormFault::NoHost(shown(written)).into())
}

fn addresses(written: &str) -> Result<(), ValueFault> {
    nonempty(written, Wanted::IpAddresses)?;
    match written.split_whitespace().find(|one| one.parse::<std::net::IpAddr>().is_err()) {
        None => Ok(()),
        Some(one) => Err(FormFault::NoIpAddress(shown(one)).into()),
    }
}

fn header(written: &str) -> Result<(), ValueFault> {
    written.parse::<axum::http::HeaderName>().map(drop).map_err(|_| FormFault::NoHeader(shown(written)).into())
}

fn listen(written: &str) -> Result<(), ValueFault> {
    if written == "off" || written.parse::<std::net::SocketAddr>().is_ok() {
        return Ok(());
    }
    Err(FormFault::NoListenAddress(shown(written)).into())
}

fn filter(written: &str) -> Result<(), ValueFault> {
    match tracing_subscriber::EnvFilter::builder().parse(written) {
        Ok(_) if !written.trim().is_empty() => Ok(()),
        _ => Err(FormFault::NoFilter(shown(written)).into()),
    }
}

/// Makes a type readable by serde from its text.
macro_rules! from_text {
    ($($name:ident),*) => {$(
        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(written: String) -> Result<$name, String> {
                written.parse().map_err(|fault: ValueFault| format!("{fault:?}"))
            }
        }
    )*};
}

from_text!(ZoneName, Day, Span, Size, MailAddress, Link);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct ZoneName(pub chrono_tz::Tz);

impl FromStr for ZoneName {
    type Err = ValueFault;

    fn from_str(written: &str) -> Result<ZoneName, ValueFault> {
        written.parse().map(ZoneName).map_err(|_| FormFault::NoTimeZone(shown(written)).into())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Day(pub NaiveDate);

impl FromStr for Day {
    type Err = ValueFault;

    fn from_str(written: &str) -> Result<Day, ValueFault> {
        let fault = || ValueFault::NoDate { written: shown(written), like: EXAMPLE_DAY };
        grammar::date(written).map(Day).ok_or_else(fault)
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
    type Err = ValueFault;

    fn from_str(written: &str) -> Result<Span, ValueFault> {
        let wrong = || ValueFault::from(FormFault::NoLengthOfTime(shown(written)));
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
    type Err = ValueFault;

    fn from_str(written: &str) -> Result<Size, ValueFault> {
        let wrong = || ValueFault::from(FormFault::NoSize(shown(written)));
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
    type Err = ValueFault;

    fn from_str(written: &str) -> Result<MailAddress, ValueFault> {
        parse_address(written).map(MailAddress).map_err(|fault| FormFault::NoMailAddress(fault).into())
    }
}

/// Where the console is, without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Link(pub String);

impl FromStr for Link {
    type Err = ValueFault;

    fn from_str(written: &str) -> Result<Link, ValueFault> {
        let rest = written.strip_prefix("https://").or_else(|| written.strip_prefix("http://"));
        let plain = |b: u8| b.is_ascii_graphic() && !b"\"'<>\\^`{|}?#".contains(&b);
        match rest {
            Some(rest) if !rest.trim_matches('/').is_empty() && rest.bytes().all(plain) => {
                Ok(Link(written.trim_end_matches('/').to_owned()))
            }
            _ => Err(FormFault::NoPageAddress(shown(written)).into()),
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
    use crate::catalogue::mistake::{Mistake, value::Of};

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
        assert!(!Mistake::Value(Of::Secret, wrong).words().english.contains("secret"));
    }
}
