//! What units and posts may not become, in words.

use crate::catalogue::mistake::words::{Words, say};
use crate::domain::refusal::roster::{Departing, RosterRefusal};

/// More of what a departure would touch is counted, not named.
const MOST_NAMED: usize = 12;

fn named(items: &[String], between: &str) -> String {
    let dots = if items.len() > MOST_NAMED { " …" } else { "" };
    format!("{}{dots}", items.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join(between))
}

/// What a unit's departure would do, before anybody has confirmed it.
fn departing(departing: &Departing) -> Words {
    let Departing { unit, on, waived, handed_on, orphaned } = departing;
    let (alone, shared) = (waived.len(), handed_on.len());
    let mut english = format!("{unit} would leave on {on}: {alone} that it owes alone would be waived");
    let mut chinese = format!("{unit}自{on}起离开：独自承担而未办结的{alone}项将免除");
    if alone > 0 {
        english += &format!(" ({})", named(waived, ", "));
        chinese += &format!("（{}）", named(waived, "、"));
    }
    english += &format!(", {shared} would go on with others");
    chinese += &format!("，与他人共同承担的{shared}项由他人继续");
    if orphaned.is_empty() {
        english += ", no duty would be left without an owner";
        chinese += "，没有职责因此无人承担";
    } else {
        english += &format!(", nobody would owe {} any more", named(orphaned, ", "));
        chinese += &format!("，此后无单位承担的职责：{}", named(orphaned, "、"));
    }
    Words { english, chinese }
}

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
        RosterRefusal::DepartureNotConfirmed(facts) => {
            let Words { english, chinese } = departing(facts);
            say!(
                "{english}; nothing is done yet: confirm it (--yes, or `confirmed`). Called otherwise: `unit rename`; merged: `unit succeed`",
                "{chinese}。尚未办理，请确认。单位更名请用“更名”，并入其他单位请用“并入”，未办事项随之转移"
            )
        }
        RosterRefusal::UnitsGoneFromFiles(units) => {
            let facts: Vec<Words> = units.iter().map(departing).collect();
            let english = facts.iter().map(|words| words.english.as_str()).collect::<Vec<_>>().join("; ");
            let chinese = facts.iter().map(|words| words.chinese.as_str()).collect::<Vec<_>>().join("；");
            say!(
                "the files do not have every unit of the roster: {english}. Called otherwise: `unit rename` first; merged: `unit succeed`; gone indeed: confirm it (--units-leave, or `units_leave`)",
                "文件中没有名册内的单位：{chinese}。单位更名请先用“更名”，并入其他单位请先用“并入”；确已撤销的，请勾选确认后再应用"
            )
        }
        RosterRefusal::NameTaken(name) => {
            say!("there is a unit {name} already; give another name", "已有单位 {name}，请用其他名称")
        }
        RosterRefusal::SameUnit(unit) => {
            say!("both are {unit}; name two units", "两处都是 {unit}，请写两个不同的单位")
        }
        RosterRefusal::SuccessorNotThere(unit) => say!(
            "{unit} does not take part yet, or is leaving; a successor is on the roster today",
            "{unit} 尚未加入或即将离开，承接单位须今日在册"
        ),
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
