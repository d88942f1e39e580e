//! Units, groups, posts and the roster that holds them.
//!
//! People change, posts stay: a post is a unit and a role. Nothing here knows an address; addresses belong to the
//! store and to mail.

use std::fmt;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

use super::code::coded;

/// A unit's name as the document writes it (`质安处`). Unique in the roster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(test, derive(Default))]
pub struct UnitName(pub String);

impl UnitName {
    /// Names as lists write them: `a;b`.
    pub fn join(units: &[UnitName]) -> String {
        units.iter().map(|unit| unit.0.as_str()).collect::<Vec<_>>().join(";")
    }
}

impl fmt::Display for UnitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

coded!(Role);

/// What a post does in its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
#[cfg_attr(test, derive(Default))]
pub enum Role {
    /// 联络员
    #[cfg_attr(test, default)]
    Liaison,
    /// 分管负责人
    Deputy,
    /// 主要负责人
    Head,
    /// 值班: the safety office's own mailbox, which gets the digest.
    Office,
    /// 管理员: looks after the program's settings; judges nothing.
    Admin,
    /// 审计员: reads everything; changes nothing.
    Auditor,
}

impl Role {
    /// The role's name as an office writes it.
    pub fn label(self) -> &'static str {
        match self {
            Role::Liaison => "联络员",
            Role::Deputy => "分管负责人",
            Role::Head => "主要负责人",
            Role::Office => "值班",
            Role::Admin => "管理员",
            Role::Auditor => "审计员",
        }
    }

    /// Whether every unit has such a post; the others are the safety office's alone.
    pub fn is_of_unit(self) -> bool {
        matches!(self, Role::Liaison | Role::Deputy | Role::Head)
    }

    /// Whether letters go to such a post.
    pub fn gets_letters(self) -> bool {
        self.is_of_unit() || self == Role::Office
    }
}

/// A post: a role in a unit. Written `质安处/liaison`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(Default))]
pub struct PostId {
    /// The unit the post belongs to.
    pub unit: UnitName,
    pub role: Role,
}

impl PostId {
    /// A post as it is written: `质安处/liaison`.
    pub fn parse(written: &str) -> Option<PostId> {
        let (unit, role) = written.split_once('/')?;
        PostId::of(unit, role)
    }

    /// The post of that unit with that role's code.
    pub fn of(unit: &str, role: &str) -> Option<PostId> {
        let role = Role::from_code(role)?;
        (!unit.is_empty()).then(|| PostId { unit: UnitName(unit.to_owned()), role })
    }

    /// Its name as letters and pages say it.
    pub fn label(&self) -> String {
        format!("{}{}", self.unit, self.role.label())
    }
}

impl fmt::Display for PostId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}/{}", self.unit, self.role.code()))
    }
}

/// A unit of the roster, with the days on which it owes anything at all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    pub name: UnitName,
    /// `机关处室`, `直属单位`, `派驻机构`: shown, never decided upon.
    pub kind: String,
    /// The groups it is a member of.
    pub groups: Vec<String>,
    /// The first day on which it exists; `None` = always did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined_on: Option<NaiveDate>,
    /// The first day on which it no longer exists; `None` = still does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_on: Option<NaiveDate>,
}

impl Unit {
    /// Whether the unit exists on `day`.
    pub fn active_on(&self, day: NaiveDate) -> bool {
        self.joined_on.is_none_or(|joined| joined <= day) && self.left_on.is_none_or(|left| day < left)
    }
}

/// All units in the document's order, the groups' names (some have no member yet), and which unit is the safety office.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roster {
    /// The unit whose `office` post gets the digest.
    pub office: UnitName,
    /// In the document's order, which every list keeps.
    pub units: Vec<Unit>,
    /// Every group that a duty may name, members or not.
    pub groups: Vec<String>,
}

impl Roster {
    pub fn unit(&self, name: &UnitName) -> Option<&Unit> {
        self.units.iter().find(|unit| unit.name == *name)
    }

    /// The members of a group that exist on `day`, in the roster's order.
    pub fn members<'a>(&'a self, group: &'a str, day: NaiveDate) -> impl Iterator<Item = &'a Unit> + 'a {
        self.units.iter().filter(move |unit| unit.active_on(day) && unit.groups.iter().any(|name| name == group))
    }

    /// The post that gets the digest.
    pub fn office_post(&self) -> PostId {
        PostId { unit: self.office.clone(), role: Role::Office }
    }
}
