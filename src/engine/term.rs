//! Since when a post is held by who holds it now: what was let in before was let in for somebody else.
//!
//! The term of a holder is theirs whatever stand-ins they have; another name or another mailbox is another person.

use chrono::{DateTime, Utc};

use crate::domain::calendar::Zone;
use crate::store::roster::Holder;

/// When the term of a post's present holder began; `None` = nobody held it before. `holders` are all of the post's, by
/// first day and, of one day, in the order in which they were written down.
pub fn began(holders: &[Holder], zone: Zone, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let effective = |holder: &Holder| zone.start_of(holder.from_on).max(holder.recorded_at);
    let mut changes: Vec<(DateTime<Utc>, usize)> = holders.iter().map(effective).zip(0..).collect();
    changes.retain(|(at, _)| *at <= now);
    changes.sort_unstable();
    let (mut ruling, mut began): (Option<usize>, Option<DateTime<Utc>>) = (None, None);
    let mut changes = changes.into_iter().peekable();
    while let Some((at, place)) = changes.next() {
        // Of what took effect at one instant, the last counts: one that was written over before its day never held.
        if changes.peek().is_some_and(|(next, _)| *next == at) || ruling.is_some_and(|ruling| ruling > place) {
            continue;
        }
        let before = ruling.replace(place).and_then(|before| holders.get(before));
        if let (Some(before), Some(next)) = (before, holders.get(place))
            && !before.is_same_person(next)
        {
            began = Some(at);
        }
    }
    began
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDateTime;

    use super::*;
    use crate::domain::unit::PostId;

    const ZONE: Zone = Zone(chrono_tz::Asia::Shanghai);

    fn at(local: &str) -> DateTime<Utc> {
        let local = NaiveDateTime::parse_from_str(local, "%Y-%m-%d %H:%M").unwrap();
        ZONE.at(local.date(), local.time())
    }

    fn holder(name: &str, from: &str, recorded: &str) -> Holder {
        Holder {
            post: PostId::parse("质安处/liaison").unwrap(),
            holder: name.into(),
            address: format!("{name}@example.com"),
            stand_in: None,
            from_on: from.parse().unwrap(),
            recorded_at: at(recorded),
        }
    }

    #[test]
    fn a_term_begins_with_its_day_or_when_it_is_written_down() {
        let first = holder("a", "1970-01-01", "2026-01-01 08:00");
        let ahead = [first.clone(), holder("b", "2026-12-02", "2026-11-20 10:00")];
        assert_eq!(began(&ahead, ZONE, at("2026-12-01 23:59")), None);
        assert_eq!(began(&ahead, ZONE, at("2026-12-02 00:00")), Some(at("2026-12-02 00:00")));
        let today = [first.clone(), holder("b", "2026-12-02", "2026-12-02 15:30")];
        assert_eq!(began(&today, ZONE, at("2026-12-02 15:29")), None);
        assert_eq!(began(&today, ZONE, at("2026-12-03 09:00")), Some(at("2026-12-02 15:30")));
        assert_eq!(began(&[first], ZONE, at("2026-12-03 09:00")), None, "nobody before");
    }

    #[test]
    fn a_stand_in_or_another_spelling_begins_none_and_another_mailbox_does() {
        let first = holder("a", "1970-01-01", "2026-01-01 08:00");
        let same = Holder { address: "A@Example.com".into(), ..holder("a", "2026-12-02", "2026-12-01 10:00") };
        assert_eq!(began(&[first.clone(), same], ZONE, at("2026-12-03 09:00")), None);
        let moved = Holder { address: "other@example.com".into(), ..holder("a", "2026-12-02", "2026-12-01 10:00") };
        assert_eq!(began(&[first, moved], ZONE, at("2026-12-03 09:00")), Some(at("2026-12-02 00:00")));
    }

    #[test]
    fn what_was_taken_back_before_its_day_never_held() {
        let first = holder("a", "1970-01-01", "2026-01-01 08:00");
        let planned = holder("b", "2026-12-02", "2026-11-20 10:00");
        let off = holder("a", "2026-12-02", "2026-11-21 10:00");
        assert_eq!(began(&[first.clone(), planned.clone(), off], ZONE, at("2026-12-03 09:00")), None);
        // On the day itself b did hold it for an hour.
        let late = holder("a", "2026-12-02", "2026-12-02 01:00");
        let held = [first.clone(), planned.clone(), late];
        assert_eq!(began(&held, ZONE, at("2026-12-03 09:00")), Some(at("2026-12-02 01:00")));
        // Whoever is put in before a successor's day gives way on it.
        let between = [first, holder("c", "2026-11-25", "2026-11-25 09:00"), planned];
        assert_eq!(began(&between, ZONE, at("2026-12-01 09:00")), Some(at("2026-11-25 09:00")));
        assert_eq!(began(&between, ZONE, at("2026-12-02 09:00")), Some(at("2026-12-02 00:00")));
    }
}
