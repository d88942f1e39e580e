//! E-mail addresses: the one rule of what is taken as an address, behind every door.
//!
//! What passes here can be put into an envelope and carried by any mail server without extensions: letters, digits and the
//! marks of a dot-atom before the @, a domain name of two labels or more after it.

/// What is wrong with an address. Says nothing of the address itself: whoever reads a file knows the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(test, derive(Default))]
pub enum AddressFault {
    #[error("it is empty")]
    #[cfg_attr(test, default)]
    Empty,
    /// Full-width letters, Chinese, or anything else outside ASCII.
    #[error("it has a character that is not ASCII (check for a full-width ＠ or ．)")]
    NotAscii,
    #[error("it has no @")]
    NoAt,
    #[error("it has a blank or a control character")]
    Blank,
    /// A path has at most 254 bytes, 64 of them before the @ (RFC 5321, 4.5.3.1).
    #[error("the part before @ is empty, or the address is too long")]
    Length,
    #[error("the part before @ has a character that may not stand there")]
    Character,
    #[error("the part before @ has a dot in the wrong place")]
    Dot,
    #[error("the part after @ is no domain name")]
    Domain,
}

impl AddressFault {
    /// As an office reads it, behind the address.
    pub fn label(self) -> &'static str {
        match self {
            AddressFault::Empty => "未填",
            AddressFault::NotAscii => "含有全角或中文字符",
            AddressFault::NoAt => "没有 @",
            AddressFault::Blank => "含有空格",
            AddressFault::Length => "@ 前为空，或地址过长",
            AddressFault::Character => "@ 前有不可用的字符",
            AddressFault::Dot => "@ 前的点位置不对",
            AddressFault::Domain => "@ 后不是域名",
        }
    }
}

/// The address that was written, without blanks at its ends.
///
/// ```
/// use duban::domain::address::{AddressFault, read};
/// assert_eq!(read(" o'neil@example.com "), Ok("o'neil@example.com"));
/// assert_eq!(read("root@localhost"), Err(AddressFault::Domain));
/// ```
pub fn read(written: &str) -> Result<&str, AddressFault> {
    let address = written.trim_matches([' ', '\u{3000}']);
    if address.is_empty() {
        return Err(AddressFault::Empty);
    }
    if !address.is_ascii() {
        return Err(AddressFault::NotAscii);
    }
    let (local, domain) = address.rsplit_once('@').ok_or(AddressFault::NoAt)?;
    if address.bytes().any(|b| b.is_ascii_whitespace() || b.is_ascii_control()) {
        return Err(AddressFault::Blank);
    }
    if local.is_empty() || local.len() > 64 || address.len() > 254 {
        return Err(AddressFault::Length);
    }
    if !local.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b)) {
        return Err(AddressFault::Character);
    }
    if local.split('.').any(str::is_empty) {
        return Err(AddressFault::Dot);
    }
    if domain.split('.').count() < 2 || !domain.split('.').all(is_label) {
        return Err(AddressFault::Domain);
    }
    Ok(address)
}

fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label.len() <= 63
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_plain_ascii_mailboxes() {
        for good in ["zhian.liaison@example.com", "a+b@mail.example.com", "x@b-c.cn", "o'neil@example.com"] {
            assert_eq!(read(good), Ok(good));
        }
        assert_eq!(read("　a@b.cn "), Ok("a@b.cn"), "blanks at its ends are no part of it");
        let bad = [
            ("", AddressFault::Empty),
            ("a", AddressFault::NoAt),
            ("a@", AddressFault::Domain),
            ("@b.cn", AddressFault::Length),
            ("a@b", AddressFault::Domain),
            ("root@localhost", AddressFault::Domain),
            ("a@[127.0.0.1]", AddressFault::Domain),
            ("a b@c.cn", AddressFault::Blank),
            ("a@b..cn", AddressFault::Domain),
            (".a@b.cn", AddressFault::Dot),
            ("a..b@b.cn", AddressFault::Dot),
            ("a@-b.cn", AddressFault::Domain),
            ("值班@b.cn", AddressFault::NotAscii),
            ("a＠b.cn", AddressFault::NotAscii),
            ("a@b.cn\n", AddressFault::Blank),
            ("a@b.cn\r\nBcc: x@y.cn", AddressFault::Blank),
            ("a@@b.cn", AddressFault::Character),
            ("<a@b.cn>", AddressFault::Character),
            ("a@b.cn,c@d.cn", AddressFault::Character),
            ("\"a\"@b.cn", AddressFault::Character),
        ];
        for (bad, fault) in bad {
            assert_eq!(read(bad), Err(fault), "{bad}");
        }
    }
}
