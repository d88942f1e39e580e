//! How often something may be tried: by account and by address, so that neither one gateway's users nor one account's
//! guessers stand for all.

use std::{net::IpAddr, num::NonZeroU32};

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

impl Default for Rates {
    fn default() -> Rates {
        Rates {
            accounts: DefaultKeyedRateLimiter::keyed(Quota::per_minute(ACCOUNT)),
            addresses: DefaultKeyedRateLimiter::keyed(Quota::per_minute(ADDRESS)),
        }
    }
}

impl Rates {
    /// Counts a try to come in.
    ///
    /// # Errors
    /// There were too many.
    pub fn try_in(&self, account: &str, address: IpAddr) -> Result<(), Fault> {
        let address_free = self.addresses.check_key(&address).is_ok();
        let account_free = self.accounts.check_key(&account.to_owned()).is_ok();
        if address_free && account_free {
            return Ok(());
        }
        tracing::warn!(access.refused = "rate", "too many tries to come in");
        Err(Fault::TooMany)
    }

    /// Forgets whoever has not tried for long.
    pub fn tidy(&self) {
        self.accounts.retain_recent();
        self.addresses.retain_recent();
    }
}
