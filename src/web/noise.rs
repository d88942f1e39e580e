//! Lines in the log that any stranger can cause: one a minute and address is written out, the others are counted, and
//! their number is told when the minute is over. Else whoever asks often enough fills the disk.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::rate::network;

/// How long an address is quiet after a line of its own.
const QUIET: Duration = Duration::from_mins(1);
/// So many addresses have a line of their own within a minute; all others share one.
const MOST: usize = 1000;
/// What stands for those.
const OTHERS: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// Who is quiet now, and how many lines were left out since.
#[derive(Debug, Clone, Default)]
pub struct Noise(Arc<Mutex<HashMap<IpAddr, u64>>>);

impl Noise {
    /// Whether a line about this address is to be written out. The first of a minute is.
    fn may(&self, address: IpAddr) -> bool {
        let mut quiet = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = network(address);
        let key = if quiet.contains_key(&own) || quiet.len() < MOST { own } else { OTHERS };
        if let Some(left_out) = quiet.get_mut(&key) {
            *left_out += 1;
            return false;
        }
        quiet.insert(key, 0);
        drop(quiet);
        self.wake_later(key);
        true
    }

    /// What was left out, once the minute is over.
    fn wake(&self, key: IpAddr) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&key).unwrap_or_default()
    }

    fn wake_later(&self, key: IpAddr) {
        let noise = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(QUIET).await;
            let left_out = noise.wake(key);
            if left_out > 0 {
                tracing::warn!(
                    client.address = named(key),
                    refused.more = left_out,
                    "{left_out} more requests of that address were refused within a minute"
                );
            }
        });
    }

    /// Writes a line out, or counts it.
    pub fn tell(&self, address: IpAddr, line: impl FnOnce()) {
        if self.may(address) {
            line();
        }
    }
}

fn named(key: IpAddr) -> String {
    if key == OTHERS { "others".to_owned() } else { key.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_line_a_minute_and_address_and_the_others_are_counted() {
        let noise = Noise::default();
        let mut lines = 0;
        let [one, other] = [IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2])];
        for _ in 0..500 {
            noise.tell(one, || lines += 1);
        }
        noise.tell(other, || lines += 1);
        assert_eq!(lines, 2);
        assert_eq!((noise.wake(one), noise.wake(other)), (499, 0));
        noise.tell(one, || lines += 1);
        assert_eq!(lines, 3, "the next minute begins with a line");
    }

    #[tokio::test]
    async fn neither_many_addresses_nor_a_network_of_one_client_make_many_lines() {
        let noise = Noise::default();
        let mut lines = 0;
        for n in 0..5000_u16 {
            noise.tell(IpAddr::from([0x2001, 0xdb8, 1, 1, n, 0, 0, n]), || lines += 1);
        }
        assert_eq!(lines, 1);
        for n in 0..5000_u32 {
            noise.tell(IpAddr::from(Ipv4Addr::from_bits(0x0a00_0000 + n)), || lines += 1);
        }
        // The network, as many addresses as are told apart, and the others.
        assert_eq!(lines, MOST + 1);
        assert_eq!(noise.wake(OTHERS), 5000 - (MOST as u64 - 1) - 1);
    }
}
