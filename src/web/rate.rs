//! How often something may be tried: by account and by address, so that neither one gateway's users nor one account's
//! guessers stand for all.

use std::net::IpAddr;
use std::num::NonZeroU32;

use governor::{DefaultKeyedRateLimiter, Quota};

use super::fault::Fault;

/// What has been tried how often.
pub struct Rates {
    accounts: DefaultKeyedRateLimiter<String>,
    addresses: DefaultKeyedRateLimiter<IpAddr>,
}

/// Tries of one account: so many at once, then one in six seconds.
const ACCOUNT: NonZeroU32 = NonZeroU32::new(10).unwrap();
/// Tries from one address.
const ADDRESS: NonZeroU32 = NonZeroU32::new(60).unwrap();
/// So many are remembered before those that have not tried for long are forgotten.
const REMEMBERED: usize = 10_000;
/// What an account is called when nobody may be called so: an address has at most 254 characters.
const LONGEST_ACCOUNT: usize = 254;

impl Default for Rates {
    fn default() -> Rates {
        Rates {
            accounts: DefaultKeyedRateLimiter::keyed(Quota::per_minute(ACCOUNT)),
            addresses: DefaultKeyedRateLimiter::keyed(Quota::per_minute(ADDRESS)),
        }
    }
}

impl Rates {
    /// Counts a try to come in to an account.
    pub fn try_in(&self, account: &str, address: IpAddr) -> Result<(), Fault> {
        // Whoever has tried too often from an address does not use up the account's tries as well.
        self.try_from(address)?;
        if self.accounts.len() > REMEMBERED {
            self.accounts.retain_recent();
        }
        let account = if account.len() > LONGEST_ACCOUNT { "" } else { account };
        self.accounts.check_key(&account.to_owned()).map_err(|_| Fault::TooMany)
    }

    /// Counts a try of a secret that nobody can guess: by address alone, for it names no account.
    pub fn try_from(&self, address: IpAddr) -> Result<(), Fault> {
        if self.addresses.len() > REMEMBERED {
            self.addresses.retain_recent();
        }
        self.addresses.check_key(&address).map_err(|_| Fault::TooMany)
    }
}
