//! E-mail addresses, kept out of every log.
//!
//! An [`Address`] is checked when it is made and shows itself as `z***@e***` wherever it is printed; only
//! [`Address::expose`] gives it in full, to the message and the server.

use std::fmt;

use thiserror::Error;

/// What is wrong with an address. Says nothing of the address itself: whoever reads a file knows the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AddressError {
    #[error("the address is empty")]
    Empty,
    /// Full-width letters, Chinese, or anything else outside ASCII.
    #[error("an address may hold ASCII characters only (check for a full-width ＠ or ．)")]
    NotAscii,
    /// A space, quote, comma, bracket or control character.
    #[error("an address holds no spaces, quotes, commas, brackets or control characters")]
    Forbidden,
    /// No `@`, or more than one.
    #[error("an address has exactly one @ with something on both sides")]
    At,
    /// The part after the `@` is no host name.
    #[error("the part after the @ is no host name with a dot, as in example.com")]
    Host,
    /// The part before the `@` is not allowed.
    #[error("the part before the @ is not allowed (dots at its ends or side by side, or longer than 64)")]
    Local,
    /// Longer than the 254 bytes that a path may have.
    #[error("an address has at most 254 characters")]
    TooLong,
}

/// One address, checked. Its `Debug` and `Display` are redacted.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(String);

impl Address {
    /// The address in full: for the message, the server and the store, never for a log.
    pub fn expose(&self) -> &str {
        &self.0
    }

    fn host(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, host)| host)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&redact(&self.0))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({})", redact(&self.0))
    }
}

fn redact(address: &str) -> String {
    let (local, host) = address.split_once('@').unwrap_or((address, ""));
    let first = |part: &str| part.chars().next().map(String::from).unwrap_or_default();
    format!("{}***@{}***", first(local), first(host))
}

/// Reads an address. White space at its ends is no mistake.
pub fn parse_address(text: &str) -> Result<Address, AddressError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(AddressError::Empty);
    }
    if !text.is_ascii() {
        return Err(AddressError::NotAscii);
    }
    if text.len() > 254 {
        return Err(AddressError::TooLong);
    }
    if text.bytes().any(|b| b <= b' ' || b == 0x7f || b"\"'(),:;<>[\\]`|".contains(&b)) {
        return Err(AddressError::Forbidden);
    }
    let (local, host) = text.split_once('@').ok_or(AddressError::At)?;
    if local.is_empty() || host.is_empty() || host.contains('@') {
        return Err(AddressError::At);
    }
    if local.len() > 64 || local.split('.').any(str::is_empty) {
        return Err(AddressError::Local);
    }
    if !is_host(host) {
        return Err(AddressError::Host);
    }
    // What passes here must never be refused by the builder of messages.
    let address = Address(format!("{local}@{}", host.to_ascii_lowercase()));
    lettre::Address::new(local, address.host()).map_err(|_| AddressError::Local)?;
    Ok(address)
}

fn is_host(host: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    host.split('.').all(label) && (host.contains('.') || host.eq_ignore_ascii_case("localhost"))
}

/// Whether mail to the address can reach nobody: the names that RFC 2606 and RFC 6761 keep for examples and tests.
pub fn is_example_address(address: &Address) -> bool {
    let host = address.host();
    let under = |name: &str| host == name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'));
    ["example.com", "example.net", "example.org", "example", "test", "invalid", "localhost"].into_iter().any(under)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        parse_address(text).unwrap()
    }

    #[test]
    fn good_addresses_are_kept_as_written() {
        for text in ["a@b.cn", "zhi.an+x@mail.cq.gov.cn", "O'k@x.cn".replace('\'', "_").as_str(), "root@localhost"] {
            assert_eq!(address(text).expose(), text);
        }
        assert_eq!(address(" a@Example.COM ").expose(), "a@example.com");
    }

    #[test]
    fn each_mistake_has_its_name() {
        let long_local = format!("{}@b.cn", "a".repeat(65));
        let long = format!("a@{}.cn", "b.".repeat(130));
        let cases = [
            ("", AddressError::Empty),
            ("  ", AddressError::Empty),
            ("a＠b.cn", AddressError::NotAscii),
            ("张三@b.cn", AddressError::NotAscii),
            ("a b@c.cn", AddressError::Forbidden),
            ("a@b.cn\r\nBcc: x@y.cn", AddressError::Forbidden),
            ("<a@b.cn>", AddressError::Forbidden),
            ("a@b.cn,c@d.cn", AddressError::Forbidden),
            ("\"a\"@b.cn", AddressError::Forbidden),
            ("a@[127.0.0.1]", AddressError::Forbidden),
            ("ab.cn", AddressError::At),
            ("@b.cn", AddressError::At),
            ("a@", AddressError::At),
            ("a@b@c.cn", AddressError::At),
            (".a@b.cn", AddressError::Local),
            ("a..b@c.cn", AddressError::Local),
            (long_local.as_str(), AddressError::Local),
            ("a@b", AddressError::Host),
            ("a@b..cn", AddressError::Host),
            ("a@-b.cn", AddressError::Host),
            (long.as_str(), AddressError::TooLong),
        ];
        for (text, error) in cases {
            assert_eq!(parse_address(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn addresses_do_not_show_themselves() {
        let address = address("zhang.san@example.com");
        assert_eq!(format!("{address}"), "z***@e***");
        assert_eq!(format!("{address:?}"), "Address(z***@e***)");
    }

    #[test]
    fn example_addresses_are_known() {
        for text in ["a@example.com", "a@x.example.org", "a@b.test", "a@b.invalid", "a@localhost", "a@x.example"] {
            assert!(is_example_address(&address(text)), "{text}");
        }
        for text in ["a@cq.gov.cn", "a@myexample.com", "a@test.cn", "a@contest.cn"] {
            assert!(!is_example_address(&address(text)), "{text}");
        }
    }
}
