//! The link that a letter carries: a MAC over what it opens, for whom, and until when.
//!
//! The token is made anew whenever a letter is sent and is never stored; what it says is looked up in the letter's own
//! row. Keys before the one that makes links are valid while they are rotated out. Pure but for the drawing of a key.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use rand::Rng as _;
use secrecy::{ExposeSecret, SecretSlice};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// How long a letter's link opens anything.
pub const LIFE: TimeDelta = TimeDelta::days(14);
/// Bytes of a token's MAC: 192 bits.
const MAC_BYTES: usize = 24;
/// What the MAC is for, so that no other use of the key can be taken for it.
const PURPOSE: &[u8] = b"duban letter link 1";
/// Another use: what a key is told by.
const FINGERPRINT: &[u8] = b"duban link key fingerprint 1";
/// The fewest bytes of a key.
const KEY_BYTES: usize = 32;

/// The keys: the first makes tokens, all of them check.
#[derive(Clone)]
pub struct Keys(Vec<SecretSlice<u8>>);

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} keys", self.0.len())
    }
}

impl Keys {
    /// Reads keys: one in each line, 64 or more hexadecimal digits, the current one first, at most two.
    ///
    /// # Errors
    /// What is wrong, without a word of the keys.
    pub fn parse(text: &str) -> Result<Keys, String> {
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        if lines.is_empty() || lines.len() > 2 {
            return Err("holds one key, or two while one is rotated out, each in a line of its own".into());
        }
        let mut keys = Vec::with_capacity(lines.len());
        for (n, line) in lines.iter().enumerate() {
            let bytes = hex::decode(line).ok().filter(|bytes| bytes.len() >= KEY_BYTES);
            let bytes = bytes.ok_or_else(|| format!("line {}: a key has at least 64 hexadecimal digits", n + 1))?;
            keys.push(SecretSlice::from(bytes));
        }
        Ok(Keys(keys))
    }

    /// A new key, drawn at random.
    pub fn drawn() -> Keys {
        let mut key = vec![0; KEY_BYTES];
        rand::rng().fill_bytes(&mut key);
        Keys(vec![SecretSlice::from(key)])
    }

    /// Each as keys of its own.
    pub fn each(&self) -> Vec<Keys> {
        self.0.iter().map(|key| Keys(vec![key.clone()])).collect()
    }

    /// These, and others that check and make nothing.
    #[must_use]
    pub fn with(&self, others: &[Keys]) -> Keys {
        Keys(self.0.iter().chain(others.iter().flat_map(|other| &other.0)).cloned().collect())
    }

    /// What the first key is told by: nothing of it can be learned from that.
    pub fn fingerprint(&self) -> String {
        hex::encode(&self.sign(FINGERPRINT, "")[..8])
    }

    /// The first key in hexadecimal digits, to be kept where nobody reads it.
    pub fn written(&self) -> String {
        self.0.first().map(|key| hex::encode(key.expose_secret())).unwrap_or_default()
    }

    /// The token of a letter's link.
    pub fn token(&self, letter: i64, posts: &str, written_at: DateTime<Utc>) -> String {
        let mac = self.0.first().map(|key| mac(key, letter, posts, ends_at(written_at))).unwrap_or_default();
        format!("{letter}-{}", URL_SAFE_NO_PAD.encode(mac))
    }

    /// The MAC of a text that is no letter's link.
    pub fn sign(&self, purpose: &[u8], text: &str) -> Vec<u8> {
        self.0.first().map(|key| mac_of(key, &[purpose, b"\n", text.as_bytes()])).unwrap_or_default()
    }

    /// Whether one of the keys has made that MAC of a text.
    pub fn signed(&self, purpose: &[u8], text: &str, made: &[u8]) -> bool {
        let mut ours = subtle::Choice::from(0);
        for key in &self.0 {
            ours |= mac_of(key, &[purpose, b"\n", text.as_bytes()]).ct_eq(made);
        }
        ours.into()
    }

    /// Whether the MAC of a token was made by one of the keys for that letter.
    pub fn made(&self, token: &Token, posts: &str, written_at: DateTime<Utc>) -> bool {
        let mut made = subtle::Choice::from(0);
        for key in &self.0 {
            made |= mac(key, token.letter, posts, ends_at(written_at)).ct_eq(&token.mac);
        }
        made.into()
    }
}

pub fn ends_at(written_at: DateTime<Utc>) -> DateTime<Utc> {
    written_at + LIFE
}

/// A token as somebody handed it in; nothing of it is to be believed yet.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// Which letter it says it is of.
    pub letter: i64,
    mac: Vec<u8>,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "token of letter {}", self.letter)
    }
}

impl Token {
    /// Reads a token; `None` when it is written otherwise than [`Keys::token`] writes.
    pub fn parse(text: &str) -> Option<Token> {
        let (letter, mac) = text.split_once('-')?;
        let number: i64 = letter.parse().ok().filter(|number: &i64| number.to_string() == letter)?;
        let mac = URL_SAFE_NO_PAD.decode(mac).ok().filter(|mac| mac.len() == MAC_BYTES)?;
        Some(Token { letter: number, mac })
    }
}

fn mac(key: &SecretSlice<u8>, letter: i64, posts: &str, ends_at: DateTime<Utc>) -> Vec<u8> {
    // The posts are the last part, so that nothing can be shifted from one part into the next.
    mac_of(key, &[PURPOSE, &letter.to_be_bytes(), &ends_at.timestamp().to_be_bytes(), posts.as_bytes()])
}

fn mac_of(key: &SecretSlice<u8>, parts: &[&[u8]]) -> Vec<u8> {
    // A key of any length is taken.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.expose_secret()) else { return Vec::new() };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes()[..MAC_BYTES].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(first: &str, second: Option<&str>) -> Keys {
        let line = |digit: &str| digit.repeat(64);
        let second = second.map(line).unwrap_or_default();
        Keys::parse(&format!("{}\n{second}\n", line(first))).unwrap()
    }

    fn written() -> DateTime<Utc> {
        DateTime::from_timestamp(1_665_000_000, 0).unwrap()
    }

    #[test]
    fn a_token_opens_its_own_letter_for_its_own_posts_alone() {
        let keys = keys("a", None);
        let token = Token::parse(&keys.token(12, "质安处/liaison", written())).unwrap();
        assert!(keys.made(&token, "质安处/liaison", written()));
        assert!(!keys.made(&token, "办公室/liaison", written()));
        assert!(!keys.made(&token, "质安处/liaison", written() + TimeDelta::seconds(1)));
        let other = Token { letter: 13, ..token.clone() };
        assert!(!keys.made(&other, "质安处/liaison", written()));
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_seen() {
        let keys = keys("a", None);
        let text = keys.token(12, "质安处/liaison", written());
        let token = Token::parse(&text).unwrap();
        for bit in 0..MAC_BYTES * 8 {
            let mut forged = token.clone();
            forged.mac[bit / 8] ^= 1 << (bit % 8);
            assert!(!keys.made(&forged, "质安处/liaison", written()), "bit {bit}");
        }
        for cut in 0..text.len() {
            assert_eq!(Token::parse(&text[..cut]), None, "{cut}");
        }
        for odd in ["", "-", "+12-x", "012-", "12", &format!("{text}A"), &text.replace('-', "_")] {
            assert_eq!(Token::parse(odd), None, "{odd}");
        }
    }

    #[test]
    fn the_former_key_still_checks_and_no_longer_makes() {
        let old = keys("a", None).token(1, "x", written());
        let rotated = keys("b", Some("a"));
        assert!(rotated.made(&Token::parse(&old).unwrap(), "x", written()));
        assert_ne!(rotated.token(1, "x", written()), old);
        assert!(!keys("b", None).made(&Token::parse(&old).unwrap(), "x", written()));
    }

    #[test]
    fn weak_keys_are_refused_without_showing_them() {
        for bad in ["", "abcd", &"g".repeat(64), &"a".repeat(63), &format!("{0}\n{0}\n{0}", "a".repeat(64))] {
            let words = Keys::parse(bad).unwrap_err();
            assert!(bad.is_empty() || !words.contains(bad), "{words}");
        }
    }
}
