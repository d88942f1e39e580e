//! Units, groups, posts and the roster that holds them.
//!
//! People change, posts stay: a post is a unit and a role. Nothing here knows an address; addresses belong to the
//! store and to mail.

use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
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

/// What units were called before, and who took over from whom. What was written under a former name means, of duties and
/// items, whoever has them now; of posts and what lets their holders in, the same unit under its present name alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FormerNames(pub Vec<FormerName>);

/// A name that a unit gave up, by being called otherwise or by ceasing to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormerName {
    pub name: UnitName,
    /// The instant from which on it was called otherwise.
    pub until: DateTime<Utc>,
    /// What it is called now.
    pub present: UnitName,
    /// Whether that is another unit, which took over from it.
    pub succeeded: bool,
}

impl FormerNames {
    /// What the unit is called now that was called so at an instant; of one that has ceased, its successor.
    pub fn present(&self, name: &UnitName, at: DateTime<Utc>) -> UnitName {
        let (mut now, mut since) = match self.next(name, at) {
            Some(former) => (&former.present, former.until),
            None => return name.clone(),
        };
        // From its present name on, only ceasing leads further, and each time later.
        let ceased = |now: &UnitName, since| {
            let ended = |former: &&FormerName| former.succeeded && former.name == *now && former.until > since;
            self.0.iter().filter(ended).min_by_key(|former| former.until)
        };
        while let Some(former) = ceased(now, since) {
            (now, since) = (&former.present, former.until);
        }
        now.clone()
    }

    /// What the same unit is called now that was called so at an instant.
    pub fn renamed(&self, name: &UnitName, at: DateTime<Utc>) -> UnitName {
        let former = self.next(name, at).filter(|former| !former.succeeded);
        former.map_or(name, |former| &former.present).clone()
    }

    /// What became first of a name that was borne at an instant.
    fn next(&self, name: &UnitName, at: DateTime<Utc>) -> Option<&FormerName> {
        let bore = self.0.iter().filter(|former| former.name == *name && at < former.until);
        bore.min_by_key(|former| former.until)
    }

    /// What the unit is called now that was last called so.
    pub fn last_called(&self, name: &UnitName) -> Option<&UnitName> {
        let bore = self.0.iter().filter(|former| former.name == *name && former.present != *name);
        bore.max_by_key(|former| former.until).map(|former| &former.present)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_means_the_unit_that_bore_it_then() {
        let at = |day: i64| DateTime::from_timestamp(day * 86_400, 0).unwrap();
        let unit = |name: &str| UnitName(name.into());
        let former = |name: &str, until, present: &str| FormerName {
            name: unit(name),
            until: at(until),
            present: unit(present),
            succeeded: false,
        };
        // The first was 甲 until day 10, 乙 until day 20, and is 丙; the second took up the name 甲 and gave it up on day 30.
        let names = FormerNames(vec![former("甲", 10, "丙"), former("乙", 20, "丙"), former("甲", 30, "丁")]);
        let present = |name: &str, day| names.present(&unit(name), at(day)).0;
        assert_eq!([present("甲", 5), present("甲", 15), present("甲", 35)], ["丙", "丁", "甲"]);
        assert_eq!([present("乙", 15), present("乙", 25), present("戊", 5)], ["丙", "乙", "戊"]);
        assert_eq!(names.last_called(&unit("甲")), Some(&unit("丁")));
        assert_eq!(names.last_called(&unit("丙")), None);
    }

    #[test]
    fn a_successor_has_the_duties_and_nobodys_keys() {
        let at = |day: i64| DateTime::from_timestamp(day * 86_400, 0).unwrap();
        let unit = |name: &str| UnitName(name.into());
        let former = |name: &str, until, present: &str, succeeded| FormerName {
            name: unit(name),
            until: at(until),
            present: unit(present),
            succeeded,
        };
        // 甲 was called 乙 from day 10 on and went into 丙 on day 20; 丙 is called 丁 from day 30 on.
        let names = FormerNames(vec![
            former("甲", 10, "乙", false),
            former("乙", 20, "丁", true),
            former("丙", 30, "丁", false),
        ]);
        assert_eq!([5, 15, 25].map(|day| names.present(&unit("甲"), at(day)).0), ["丁", "甲", "甲"]);
        assert_eq!([5, 15, 25].map(|day| names.present(&unit("乙"), at(day)).0), ["丁", "丁", "乙"]);
        assert_eq!(names.present(&unit("丙"), at(5)), unit("丁"));
        assert_eq!((names.renamed(&unit("甲"), at(5)), names.renamed(&unit("乙"), at(5))), (unit("乙"), unit("乙")));
        assert_eq!(names.renamed(&unit("丙"), at(5)), unit("丁"));
    }
}
