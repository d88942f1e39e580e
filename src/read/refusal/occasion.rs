//! What events and key nodes may not be, in words.

use crate::catalogue::mistake::words::{Words, say};
use crate::domain::refusal::occasion::OccasionRefusal;
use crate::read::words;

pub(super) fn words(refusal: &OccasionRefusal) -> Words {
    match refusal {
        OccasionRefusal::EventAhead => say!("the event lies ahead", "事件时间尚未到来"),
        OccasionRefusal::EventIdTaken(id) => say!("there is an event {id} already", "事件编号 {id} 已被使用"),
        OccasionRefusal::EventClosed(id) => say!("the event {id} is closed already", "事件 {id} 已结束"),
        OccasionRefusal::UnknownEventType(name) => {
            say!("there is no event type `{name}`", "没有事件类型“{name}”")
        }
        OccasionRefusal::EventUnknownUnit { unit, day } => {
            say!("the roster has no unit `{unit}` on {day}", "{day} 的名册中没有单位“{unit}”")
        }
        OccasionRefusal::EventWithoutUnits(name) => {
            say!("for `{name}` the units that it concerns have to be named", "“{name}”须写明涉及单位")
        }
        OccasionRefusal::EventWithoutOwner { duty, members } => {
            let members = words::owners(members);
            say!(
                "none of the units that are named owes {duty}; name one of these: {members}",
                "所列单位都不承担 {duty}；至少应列其一：{members}"
            )
        }
        OccasionRefusal::NodeIdIsDate(id) => say!(
            "the id `{id}` is a date; only statutory nodes have such ids",
            "编号“{id}”是日期，日期只用作法定节点的编号"
        ),
        OccasionRefusal::NodeIdTaken(id) => say!("there is a node {id} already", "节点编号 {id} 已被使用"),
        OccasionRefusal::NodeOver(id) => {
            say!("the node {id} is over; open a new one", "节点 {id} 已结束，请另开新节点")
        }
        OccasionRefusal::NodeEndsInThePast(last) => {
            say!("the last day {last} is past; to end a node use close", "结束日 {last} 已过；结束节点请用 close")
        }
        OccasionRefusal::NodeEndsFirst { last, first } => {
            say!("the last day {last} is before the first, {first}", "结束日 {last} 早于起始日 {first}")
        }
        OccasionRefusal::NodeTooLong(most) => {
            say!("the node is too long: {most} days at most", "节点过长：至多 {most} 天")
        }
    }
}
