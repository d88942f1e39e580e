//! How much evidence one post may send in a day: a fixed measure, and never more than its share of the room there is, so that
//! nobody fills the store alone.

/// Of the room that there would be without a post, it may take one part in so many.
const PARTS: u64 = 4;

/// What may still be sent, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// So many by the measure of the day.
    OfTheDay(u64),
    /// So many by the share of what is free: fewer than the day would allow.
    OfTheRoom(u64),
}

impl Left {
    pub fn bytes(self) -> u64 {
        let (Left::OfTheDay(bytes) | Left::OfTheRoom(bytes)) = self;
        bytes
    }
}

/// What a post may still send, of so many bytes a day, after what it has sent today, with so much free.
pub fn left(daily: u64, sent: u64, free: u64) -> Left {
    let of_the_day = daily.saturating_sub(sent);
    let of_the_room = (free.saturating_add(sent) / PARTS).saturating_sub(sent);
    if of_the_room < of_the_day { Left::OfTheRoom(of_the_room) } else { Left::OfTheDay(of_the_day) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_sends_its_measure_of_the_day_and_no_more_than_its_share() {
        const MB: u64 = 1_000_000;
        for (daily, sent, free, wanted) in [
            (500, 0, 100_000, Left::OfTheDay(500)),
            (500, 480, 100_000, Left::OfTheDay(20)),
            (500, 500, 100_000, Left::OfTheDay(0)),
            (500, 900, 100_000, Left::OfTheDay(0)),
            (500, 0, 60, Left::OfTheRoom(15)),
            (500, 15, 45, Left::OfTheRoom(0)),
            (500, 10, 50, Left::OfTheRoom(5)),
            (500, 0, 0, Left::OfTheRoom(0)),
            (500, 0, 2000, Left::OfTheDay(500)),
        ] {
            let wanted = match wanted {
                Left::OfTheDay(left) => Left::OfTheDay(left * MB),
                Left::OfTheRoom(left) => Left::OfTheRoom(left * MB),
            };
            assert_eq!(left(daily * MB, sent * MB, free * MB), wanted, "{daily} {sent} {free}");
        }
    }

    #[test]
    fn no_number_of_forms_of_one_post_fills_a_store_and_others_have_room() {
        let (mut free, mut sent) = (60_000_000, 0);
        for _ in 0..1000 {
            let form = left(u64::MAX, sent, free).bytes().min(7_000_000);
            (free, sent) = (free - form, sent + form);
        }
        assert!(sent <= 15_000_000 && left(u64::MAX, 0, free).bytes() > 10_000_000, "{sent} {free}");
    }
}
