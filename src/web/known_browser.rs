//! A browser from which a post has signed in by its password before. It is known by a signed cookie that lets nobody in: it
//! only keeps that browser from having to wait for what strangers try.

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use rand::Rng as _;

use super::guard::{cookie_name, cookie_value, named_cookie};
use super::public::Public;
use crate::domain::unit::PostId;
use crate::engine::link::Keys;

/// How long a browser is known for.
const LIFE: TimeDelta = TimeDelta::days(180);
/// What its signature is for.
const PURPOSE: &[u8] = b"duban known browser 1";

/// A cookie for each post: one machine may be the office's and the administrator's.
fn name_for(post: &PostId, public: &Public) -> String {
    format!("{}-known-{}", cookie_name(public), post.role.code())
}

/// What is signed: the post, the browser's number, and until when it is known.
fn signed_text(post: &PostId, number: &str, until: &str) -> String {
    format!("{post}\n{number}\n{until}")
}

/// The cookie by which the browser is known from now on.
pub fn cookie(keys: &Keys, post: &PostId, public: &Public, now: DateTime<Utc>) -> String {
    let mut number = [0_u8; 16];
    rand::rng().fill_bytes(&mut number);
    let (number, until) = (hex::encode(number), (now + LIFE).timestamp().to_string());
    let mac = URL_SAFE_NO_PAD.encode(keys.sign(PURPOSE, &signed_text(post, &number, &until)));
    named_cookie(public, &name_for(post, public), &format!("{number}.{until}.{mac}"), Some(LIFE.num_seconds()))
}

/// What the browser is known by for that post, if it is.
pub fn known(headers: &HeaderMap, keys: &Keys, post: &PostId, public: &Public, now: DateTime<Utc>) -> Option<String> {
    let value = cookie_value(headers, &name_for(post, public))?;
    let [number, until, mac] = value.splitn(3, '.').collect::<Vec<_>>().try_into().ok()?;
    let ends: i64 = until.parse().ok()?;
    let mac = URL_SAFE_NO_PAD.decode(mac).ok()?;
    let ours = keys.signed(PURPOSE, &signed_text(post, number, until), &mac);
    (ours && ends > now.timestamp()).then(|| format!("{post} {number}"))
}

#[cfg(test)]
mod tests {
    use axum::http::header;

    use super::*;
    use crate::domain::unit::Role;

    #[test]
    fn a_browser_is_known_for_its_own_post_by_what_we_have_signed_and_not_for_ever() {
        let keys = Keys::parse(&"a".repeat(64)).unwrap();
        let public = Public::of("https://duban.example.com");
        let now = DateTime::from_timestamp(1_665_000_000, 0).unwrap();
        let post = |role| PostId { unit: crate::domain::unit::UnitName("委安委办".into()), role };
        let made = cookie(&keys, &post(Role::Office), &public, now);
        assert!(
            made.starts_with("__Host-duban-known-office=") && made.contains("; Secure; Max-Age=15552000"),
            "{made}"
        );
        let pair = made.split(';').next().unwrap().to_owned();
        let sent = |pair: &str| HeaderMap::from_iter([(header::COOKIE, format!("x=1; {pair}").parse().unwrap())]);
        let look = |pair: &str, keys: &Keys, role, now| known(&sent(pair), keys, &post(role), &public, now).is_some();
        assert!(look(&pair, &keys, Role::Office, now) && look(&pair, &keys, Role::Office, now + LIFE / 2));
        assert!(!look(&pair, &keys, Role::Office, now + LIFE));
        assert!(!look(&pair, &Keys::parse(&"b".repeat(64)).unwrap(), Role::Office, now));
        let of_admin = pair.replace("-office=", "-admin=");
        assert!(!look(&of_admin, &keys, Role::Admin, now), "another post's");
        let (name, value) = pair.split_once('=').unwrap();
        let parts: Vec<&str> = value.split('.').collect();
        for forged in [
            format!("{name}={}.{}.{}", "0".repeat(32), parts[1], parts[2]),
            format!("{name}={}.{}.{}", parts[0], "9999999999", parts[2]),
            format!("{name}={}.{}.", parts[0], parts[1]),
            format!("{name}={}", parts[0]),
            format!("{name}="),
        ] {
            assert!(!look(&forged, &keys, Role::Office, now), "{forged}");
        }
    }
}
