//! What keys can hold, beside plain texts, numbers and dates: read once here, for files and the environment alike.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use axum::http::HeaderName;
use chrono::{NaiveDate, TimeDelta};
use chrono_tz::Tz;
use strum::VariantNames;

use super::section::Value;
use crate::catalogue::grammar;
use crate::catalogue::mistake::form::FormFault;
use crate::catalogue::mistake::value::{Type, ValueFault, Wanted};
use crate::catalogue::mistake::words::shown;
use crate::mail::{Address, TlsMode, parse_address};
use crate::store::Location;

/// A day as messages write one.
const EXAMPLE_DAY: &str = "2026-01-01";

fn nonempty(written: &str, wanted: Wanted) -> Result<&str, ValueFault> {
    if written.trim().is_empty() { Err(ValueFault::EmptyValue(wanted)) } else { Ok(written) }
}

fn number(written: &str, least: u32, most: u32) -> Result<u32, ValueFault> {
    let Ok(n) = written.parse::<i64>() else {
        return Err(FormFault::NoWholeNumber { written: shown(written), least, most }.into());
    };
    let outside = || FormFault::Outside { written: shown(written), least: least.to_string(), most: most.to_string() };
    let within = u32::try_from(n).ok().filter(|n| (least..=most).contains(n));
    within.ok_or_else(|| outside().into())
}

/// A number and what is written behind it.
fn with_unit(written: &str) -> Option<(i64, &str)> {
    let (digits, unit) = written.split_at(written.find(|c: char| !c.is_ascii_digit())?);
    Some((digits.parse().ok()?, unit))
}

impl Value for String {
    fn read(written: &str) -> Result<String, ValueFault> {
        nonempty(written, Wanted::Text).map(str::to_owned)
    }
}

impl Value for PathBuf {
    fn read(written: &str) -> Result<PathBuf, ValueFault> {
        nonempty(written, Wanted::Path).map(PathBuf::from)
    }
}

impl Value for bool {
    const TYPE: Type = Type::Flag;

    fn read(written: &str) -> Result<bool, ValueFault> {
        written.parse().map_err(|_| FormFault::NoFlag(shown(written)).into())
    }
}

impl Value for NaiveDate {
    const TYPE: Type = Type::Date(EXAMPLE_DAY);

    fn read(written: &str) -> Result<NaiveDate, ValueFault> {
        grammar::date(written).ok_or_else(|| ValueFault::NoDate { written: shown(written), like: EXAMPLE_DAY })
    }
}

impl Value for Tz {
    fn read(written: &str) -> Result<Tz, ValueFault> {
        written.parse().map_err(|_| FormFault::NoTimeZone(shown(written)).into())
    }
}

impl Value for Address {
    fn read(written: &str) -> Result<Address, ValueFault> {
        parse_address(written).map_err(|fault| FormFault::NoMailAddress(fault).into())
    }
}

impl Value for Location {
    fn read(written: &str) -> Result<Location, ValueFault> {
        match written.parse() {
            Ok(Location::SqliteMemory) => Err(FormFault::ForgetfulDatabase.into()),
            Ok(location) => Ok(location),
            Err(_) => Err(FormFault::NoDatabase.into()),
        }
    }
}

impl Value for HeaderName {
    fn read(written: &str) -> Result<HeaderName, ValueFault> {
        written.parse().map_err(|_| FormFault::NoHeader(shown(written)).into())
    }
}

/// IP addresses, blank-separated.
impl Value for Vec<IpAddr> {
    fn read(written: &str) -> Result<Vec<IpAddr>, ValueFault> {
        let address = |one: &str| one.parse().map_err(|_| FormFault::NoIpAddress(shown(one)).into());
        nonempty(written, Wanted::IpAddresses)?.split_whitespace().map(address).collect()
    }
}

/// A port.
impl Value for NonZeroU16 {
    const TYPE: Type = Type::WholeNumber;

    fn read(written: &str) -> Result<NonZeroU16, ValueFault> {
        let port = number(written, 1, u32::from(u16::MAX))?;
        Ok(u16::try_from(port).ok().and_then(NonZeroU16::new).unwrap_or(NonZeroU16::MAX))
    }
}

/// A program and its arguments, parted by blanks; no shell reads them.
pub type Program = (PathBuf, Vec<String>);

impl Value for Program {
    fn read(written: &str) -> Result<Program, ValueFault> {
        let mut words = nonempty(written, Wanted::Program)?.split_whitespace().map(str::to_owned);
        let program = words.next().unwrap_or_default();
        Ok((PathBuf::from(program), words.collect()))
    }
}

pub fn word<T: FromStr + VariantNames>(written: &str) -> Result<T, ValueFault> {
    written.parse().map_err(|_| FormFault::NoneOf { written: shown(written), words: T::VARIANTS }.into())
}

impl Value for TlsMode {
    fn read(written: &str) -> Result<TlsMode, ValueFault> {
        word(written)
    }
}

/// A whole number from and to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number<const LEAST: u32, const MOST: u32>(pub u32);

impl<const LEAST: u32, const MOST: u32> Value for Number<LEAST, MOST> {
    const TYPE: Type = Type::WholeNumber;

    fn read(written: &str) -> Result<Self, ValueFault> {
        number(written, LEAST, MOST).map(Number)
    }
}

impl<const LEAST: u32, const MOST: u32> Number<LEAST, MOST> {
    pub fn count(self) -> usize {
        self.0 as usize
    }
}

/// A length of time (`500ms`, `30s`, `10m`, `2h`, `5d`) from and to, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span<const LEAST: u32, const MOST: u32>(pub TimeDelta);

impl<const LEAST: u32, const MOST: u32> Value for Span<LEAST, MOST> {
    const TYPE: Type = Type::LengthOfTime;

    fn read(written: &str) -> Result<Self, ValueFault> {
        let (least, most) = (TimeDelta::seconds(i64::from(LEAST)), TimeDelta::seconds(i64::from(MOST)));
        match length(written) {
            None => Err(FormFault::NoLengthOfTime(shown(written)).into()),
            Some(span) if (least..=most).contains(&span) => Ok(Span(span)),
            Some(_) => Err(FormFault::Outside { written: shown(written), least: show(least), most: show(most) }.into()),
        }
    }
}

impl<const LEAST: u32, const MOST: u32> Span<LEAST, MOST> {
    /// As the standard library has it.
    pub fn std(self) -> Duration {
        self.0.to_std().unwrap_or_default()
    }
}

pub fn length(written: &str) -> Option<TimeDelta> {
    let (n, unit) = with_unit(written)?;
    let milliseconds = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    TimeDelta::try_milliseconds(n.checked_mul(milliseconds)?)
}

/// A length of time as one writes it: `10m`.
pub fn show(span: TimeDelta) -> String {
    let seconds = span.num_seconds();
    for (unit, length) in [("d", 86_400), ("h", 3600), ("m", 60)] {
        if seconds >= length && seconds % length == 0 {
            return format!("{}{unit}", seconds / length);
        }
    }
    format!("{seconds}s")
}

/// A size in bytes: `500kB`, `50MB`, `2GB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size(pub u64);

impl Value for Size {
    const TYPE: Type = Type::Size;

    fn read(written: &str) -> Result<Size, ValueFault> {
        let bytes = with_unit(written).and_then(|(n, unit)| match unit.trim_start() {
            "kB" => n.checked_mul(1_000),
            "MB" => n.checked_mul(1_000_000),
            "GB" => n.checked_mul(1_000_000_000),
            _ => None,
        });
        let bytes = bytes.and_then(|bytes| u64::try_from(bytes).ok()).filter(|bytes| *bytes > 0);
        bytes.map(Size).ok_or_else(|| FormFault::NoSize(shown(written)).into())
    }
}

/// A host name or IP address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host(pub String);

impl Value for Host {
    fn read(written: &str) -> Result<Host, ValueFault> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._:".contains(&b);
        if !written.is_empty() && written.len() <= 255 && written.bytes().all(plain) {
            return Ok(Host(written.to_owned()));
        }
        Err(FormFault::NoHost(shown(written)).into())
    }
}

/// Where to listen: an IP address and a port; `None` = nowhere, written `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listen(pub Option<SocketAddr>);

impl Value for Listen {
    fn read(written: &str) -> Result<Listen, ValueFault> {
        if written == "off" {
            return Ok(Listen(None));
        }
        written.parse().map(|at| Listen(Some(at))).map_err(|_| FormFault::NoListenAddress(shown(written)).into())
    }
}

/// What is logged: a level, or a filter by modules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFilter(pub String);

impl Value for LogFilter {
    fn read(written: &str) -> Result<LogFilter, ValueFault> {
        match tracing_subscriber::EnvFilter::builder().parse(written) {
            Ok(_) if !written.trim().is_empty() => Ok(LogFilter(written.to_owned())),
            _ => Err(FormFault::NoFilter(shown(written)).into()),
        }
    }
}

/// The address of a web page, without a slash at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link(pub String);

impl Value for Link {
    fn read(written: &str) -> Result<Link, ValueFault> {
        let rest = written.strip_prefix("https://").or_else(|| written.strip_prefix("http://"));
        let plain = |b: u8| b.is_ascii_graphic() && !b"\"'<>\\^`{|}?#".contains(&b);
        match rest {
            Some(rest) if !rest.trim_matches('/').is_empty() && rest.bytes().all(plain) => {
                let link = written.trim_end_matches('/');
                let (host, path) = link[written.len() - rest.len()..].split_once('/').unwrap_or((rest, ""));
                let odd = |part: &str| matches!(part, "" | "." | "..");
                if host.is_empty() || host.contains('@') || (!path.is_empty() && path.split('/').any(odd)) {
                    return Err(FormFault::NoPageAddress(shown(written)).into());
                }
                match path.split('/').next().filter(|first| TAKEN_PATHS.contains(first)) {
                    Some(taken) => Err(FormFault::TakenPath(shown(format!("/{taken}"))).into()),
                    None => Ok(Link(link.to_owned())),
                }
            }
            _ => Err(FormFault::NoPageAddress(shown(written)).into()),
        }
    }
}

/// What the console's own places begin with. Below a path that begins so nobody could tell whether a gateway has taken it
/// off a request.
pub const TAKEN_PATHS: [&str; 31] = [
    "api",
    "assets",
    "board",
    "calendar",
    "duties",
    "enter",
    "feeds",
    "filed",
    "healthz",
    "l",
    "ladders",
    "leave",
    "ledger",
    "ledger.csv",
    "letters",
    "me",
    "o",
    "occasions",
    "p",
    "pictures",
    "posts",
    "readyz",
    "requests",
    "review",
    "settings",
    "todo",
    "tokens",
    "trial",
    "units",
    "waive",
    "watcher",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::mistake::{Mistake, value::Of};

    #[test]
    fn lengths_of_time() {
        assert_eq!(length("500ms"), Some(TimeDelta::milliseconds(500)));
        assert_eq!(length("10m"), Some(TimeDelta::minutes(10)));
        for wrong in ["", "10", "m", "-5s", "1.5h", "5 m", "99999999999999999d", "5M"] {
            assert_eq!(length(wrong), None, "{wrong}");
        }
        assert_eq!((show(TimeDelta::seconds(90)), show(TimeDelta::hours(48))), ("90s".into(), "2d".into()));
        assert!(Span::<600, 3600>::read("10m").is_ok() && Span::<600, 3600>::read("599s").is_err());
    }

    #[test]
    fn sizes_and_links() {
        assert_eq!(Size::read("50MB"), Ok(Size(50_000_000)));
        assert!(Size::read("0MB").is_err() && Size::read("50").is_err());
        assert_eq!(Link::read("https://a.cn/x/"), Ok(Link("https://a.cn/x".into())));
        assert_eq!(Link::read("http://a.cn:8480/x/board"), Ok(Link("http://a.cn:8480/x/board".into())));
        for wrong in ["a.cn", "ftp://a.cn", "https://", "https://a.cn/?x", "https://a b"] {
            assert!(Link::read(wrong).is_err(), "{wrong}");
        }
        for wrong in
            ["https:///duban", "https://u:p@a.cn", "https://a.cn//duban", "https://a.cn/x/../y", "https://a.cn/board"]
        {
            assert!(Link::read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn programs_and_addresses_are_parted_by_blanks() {
        assert_eq!(Program::read("/bin/x --sms  1"), Ok(("/bin/x".into(), vec!["--sms".into(), "1".into()])));
        assert_eq!(Vec::<IpAddr>::read("127.0.0.1 ::1").map(|all| all.len()), Ok(2));
    }

    #[test]
    fn a_database_address_is_not_repeated() {
        let wrong = Location::read("mysql://u:secret@h/d").unwrap_err();
        assert!(!Mistake::Value(Of::Secret, wrong).words().english.contains("secret"));
    }
}
