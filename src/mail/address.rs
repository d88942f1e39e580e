//! E-mail addresses, kept out of every log.
//!
//! An [`Address`] is checked when it is made and shows itself as `z***@e***` wherever it is printed; only
//! [`Address::expose`] gives it in full, to the message and the server.

use std::fmt;

use crate::domain::address::{self, AddressFault};

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

/// Reads an address: what the domain takes as one, its host in lower case.
pub fn parse_address(text: &str) -> Result<Address, AddressFault> {
    let (local, host) = address::read(text)?.rsplit_once('@').ok_or(AddressFault::NoAt)?;
    let address = Address(format!("{local}@{}", host.to_ascii_lowercase()));
    // What passes must never be refused by the builder of messages.
    lettre::Address::new(local, address.host()).map_err(|_| AddressFault::Domain)?;
    Ok(address)
}

/// Whether mail to the address can reach nobody: the names that RFC 2606 and RFC 6761 keep for examples and tests.
pub fn is_example_address(address: &Address) -> bool {
    let host = address.host();
    let under = |name: &str| host == name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'));
    ["example.com", "example.net", "example.org", "example", "test", "invalid", "localhost"].into_iter().any(under)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn address(text: &str) -> Address {
        parse_address(text).unwrap()
    }

    #[test]
    fn good_addresses_are_kept_as_written() {
        for text in ["a@b.cn", "zhi.an+x@mail.cq.gov.cn", "O'k@x.cn", "o'neil@example.com"] {
            assert_eq!(address(text).expose(), text);
        }
        assert_eq!(address(" a@Example.COM ").expose(), "a@example.com");
    }

    #[test]
    fn each_mistake_has_its_name() {
        let long_local = format!("{}@b.cn", "a".repeat(65));
        let long = format!("a@{}cn", "b.".repeat(130));
        let cases = [
            ("", AddressFault::Empty),
            ("  ", AddressFault::Empty),
            ("a＠b.cn", AddressFault::NotAscii),
            ("张三@b.cn", AddressFault::NotAscii),
            ("a b@c.cn", AddressFault::Blank),
            ("a@b.cn\r\nBcc: x@y.cn", AddressFault::Blank),
            ("<a@b.cn>", AddressFault::Character),
            ("a@b.cn,c@d.cn", AddressFault::Character),
            ("\"a\"@b.cn", AddressFault::Character),
            ("a@[127.0.0.1]", AddressFault::Domain),
            ("ab.cn", AddressFault::NoAt),
            ("@b.cn", AddressFault::Length),
            ("a@", AddressFault::Domain),
            ("a@b@c.cn", AddressFault::Character),
            (".a@b.cn", AddressFault::Dot),
            ("a..b@c.cn", AddressFault::Dot),
            (long_local.as_str(), AddressFault::Length),
            ("a@b", AddressFault::Domain),
            ("root@localhost", AddressFault::Domain),
            ("a@b..cn", AddressFault::Domain),
            ("a@-b.cn", AddressFault::Domain),
            (long.as_str(), AddressFault::Length),
        ];
        for (text, error) in cases {
            assert_eq!(parse_address(text), Err(error), "{text:?}");
        }
    }

    proptest! {
        /// What the roster takes, an envelope can be built from; what is refused is refused by both.
        #[test]
        fn what_is_taken_can_be_delivered_to(
            local in "[a-zA-Z0-9.'+`|~!#$%&*/=?^_{}@ \"<>(),:;\\[\\]甲\t-]{0,12}",
            at in "@|＠||@@",
            domain in "[a-zA-Z0-9.甲_ -]{0,8}(\\.[a-z0-9-]{1,4})?",
        ) {
            let written = format!("{local}{at}{domain}");
            let taken = address::read(&written);
            let parsed = parse_address(&written);
            prop_assert_eq!(taken.err(), parsed.as_ref().err().copied());
            if let Ok(parsed) = parsed {
                let to: lettre::Address = parsed.expose().parse().unwrap();
                let from = "duban@example.com".parse().unwrap();
                prop_assert!(lettre::address::Envelope::new(Some(from), vec![to]).is_ok());
                prop_assert!(parsed.expose().eq_ignore_ascii_case(taken.unwrap()));
                prop_assert_eq!(parse_address(parsed.expose()), Ok(parsed.clone()), "what is stored is taken again");
            }
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
        for text in ["a@example.com", "a@x.example.org", "a@b.test", "a@b.invalid", "a@b.localhost", "a@x.example"] {
            assert!(is_example_address(&address(text)), "{text}");
        }
        for text in ["a@cq.gov.cn", "a@myexample.com", "a@test.cn", "a@contest.cn"] {
            assert!(!is_example_address(&address(text)), "{text}");
        }
    }
}
