//! How often something may be tried: by account and address together, so that strangers who guess keep nobody waiting but
//! themselves; by account alone, so that many addresses together guess no faster than is safe; by address.
//!
//! Whoever has signed in from a browser before has a measure of their own there: nothing that strangers try uses it up.

use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;

use governor::{DefaultKeyedRateLimiter, Quota};

use super::fault::Fault;

/// What has been tried how often.
pub struct Rates {
    pairs: DefaultKeyedRateLimiter<(String, IpAddr)>,
    accounts: DefaultKeyedRateLimiter<String>,
    browsers: DefaultKeyedRateLimiter<String>,
    addresses: DefaultKeyedRateLimiter<IpAddr>,
}

/// Tries of one account from one address, and from a browser that is known: so many at once, then one in six seconds.
const PAIR: NonZeroU32 = NonZeroU32::new(10).unwrap();
/// Tries of one account from wherever, but for browsers that are known.
const ACCOUNT: NonZeroU32 = NonZeroU32::new(100).unwrap();
/// Tries from one address.
const ADDRESS: NonZeroU32 = NonZeroU32::new(60).unwrap();
/// So many are remembered before those that have not tried for long are forgotten.
const REMEMBERED: usize = 10_000;
/// What an account is called when nobody may be called so: an address has at most 254 characters.
const LONGEST_ACCOUNT: usize = 254;

impl Default for Rates {
    fn default() -> Rates {
        Rates {
            pairs: DefaultKeyedRateLimiter::keyed(Quota::per_minute(PAIR)),
            accounts: DefaultKeyedRateLimiter::keyed(Quota::per_minute(ACCOUNT)),
            browsers: DefaultKeyedRateLimiter::keyed(Quota::per_minute(PAIR)),
            addresses: DefaultKeyedRateLimiter::keyed(Quota::per_minute(ADDRESS)),
        }
    }
}

impl Rates {
    /// Counts a try to come in to an account, from a browser that is known by that name or from a stranger's.
    pub fn try_in(&self, account: &str, address: IpAddr, browser: Option<&str>) -> Result<(), Fault> {
        if let Some(browser) = browser {
            return count(&self.browsers, &browser.to_owned());
        }
        // Whoever has tried too often from an address does not use up the account's tries as well.
        self.try_from(address)?;
        let account = if account.len() > LONGEST_ACCOUNT { "" } else { account };
        count(&self.pairs, &(account.to_owned(), network(address)))?;
        count(&self.accounts, &account.to_owned())
    }

    /// Counts a wrong try of a secret that nobody can guess: by address alone, for it names no account.
    pub fn try_from(&self, address: IpAddr) -> Result<(), Fault> {
        count(&self.addresses, &network(address))
    }
}

fn count<K: Clone + Hash + Eq>(tried: &DefaultKeyedRateLimiter<K>, key: &K) -> Result<(), Fault> {
    if tried.len() > REMEMBERED {
        tried.retain_recent();
    }
    tried.check_key(key).map_err(|_| Fault::TooMany)
}

/// Whose an address is: of IPv6 a customer has at least as many as there are behind its first 64 bits.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        address @ IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v6(last: u16) -> IpAddr {
        Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, last).into()
    }

    #[test]
    fn many_addresses_of_one_network_are_one() {
        let rates = Rates::default();
        let tried = (0..40).filter(|n| rates.try_in("office", v6(*n), None).is_ok()).count();
        assert_eq!(tried, 10);
        assert!(rates.try_in("office", [192, 0, 2, 1].into(), None).is_ok());
    }

    #[test]
    fn many_networks_together_guess_no_faster_than_is_safe_and_a_known_browser_does_not_wait_for_them() {
        let rates = Rates::default();
        let from = |n: u8| IpAddr::from([198, 51, 100, n]);
        let tried = (0..200).filter(|n| rates.try_in("office", from(*n), None).is_ok()).count();
        assert_eq!(tried, 100);
        assert!(rates.try_in("admin", from(201), None).is_ok());
        let known = (0..40).filter(|_| rates.try_in("office", from(1), Some("a")).is_ok()).count();
        assert_eq!(known, 10, "a browser's cookie is no licence to guess");
        assert!(rates.try_in("office", from(1), Some("b")).is_ok());
    }
}
