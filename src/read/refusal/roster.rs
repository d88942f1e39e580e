//! What units and posts may not become, in words.

use crate::catalogue::mistake::words::{Words, say};
use crate::domain::refusal::roster::RosterRefusal;

pub(super) fn words(refusal: &RosterRefusal) -> Words {
    match refusal {
        RosterRefusal::UnitThereAlready(unit) => {
            say!("{unit} is on the roster already; its first day stays", "{unit} 已在名册中，不能改起始日")
        }
        RosterRefusal::UnitJoinsTooSoon(first) => say!(
            "the first day {first} is not ahead; a new unit joins tomorrow at the earliest",
            "起始日 {first} 不在今日之后；新单位最早从明日起"
        ),
        RosterRefusal::OfficesUnitStays(unit) => {
            say!("{unit} is the safety office's unit and stays on the roster", "{unit} 是安委办所在单位，不能移出名册")
        }
        RosterRefusal::UnitLeftBefore(unit) => say!("{unit} has left already", "{unit} 已于此前离开"),
        RosterRefusal::StandInEndsFirst { until, from } => say!(
            "the last day of the stand-in, {until}, is before its first, {from}",
            "代班结束日 {until} 早于起始日 {from}"
        ),
        RosterRefusal::StandInIncomplete => say!(
            "a stand-in has an address, a first day and a last day, or none of them",
            "代班须同时填写邮箱、起始日和结束日，或都不填"
        ),
        RosterRefusal::OfficeSharesAddress => say!(
            "the post `office` needs an address of its own, other than its unit's liaison's",
            "值班岗位须有自己的邮箱，不能与本单位联络员相同"
        ),
    }
}
