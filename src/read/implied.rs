//! What an upheld dispute implies: the catalogue still says that the unit owes the duty, and so it will owe what comes.
//!
//! Says the line of `duties.toml` that would say otherwise; changes nothing.

use chrono::NaiveDate;

use crate::catalogue::grammar;
use crate::domain::duty::{DutyId, Owner};
use crate::domain::unit::{PostId, UnitName};
use crate::engine::known::Known;
use crate::store::requests::{Request, RequestKind};

/// A change of the catalogue that has been decided in one case, and not for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Implied {
    pub duty: DutyId,
    /// Who was freed.
    pub unit: UnitName,
    /// Who would owe it from then on, as `duties.toml` writes it; empty = nobody.
    pub owed_by: Vec<String>,
}

impl Implied {
    /// What a dispute upheld implies, as long as the catalogue in force says that the unit owes the duty.
    pub fn by(known: &Known, request: &Request, duty: &DutyId, today: NaiveDate) -> Option<Implied> {
        if request.kind != RequestKind::Dispute || request.granted != Some(true) {
            return None;
        }
        let unit = known.former.present(&PostId::parse(&request.by_post)?.unit, request.asked_at);
        let duty = known.version_on(today)?.catalogue.duty(duty)?;
        let members =
            |group: &str| known.roster.members(group, today).map(|unit| unit.name.clone()).collect::<Vec<_>>();
        let mut owed = false;
        let mut owed_by: Vec<String> = Vec::new();
        for owner in &duty.owed_by {
            match owner {
                Owner::Unit(name) if *name == unit => owed = true,
                // A group without one of its members is the others, by name.
                Owner::Group(group) if members(group).contains(&unit) => {
                    owed = true;
                    let others = members(group).into_iter().filter(|name| *name != unit);
                    owed_by.extend(others.map(|name| grammar::write_owner(&Owner::Unit(name))));
                }
                other => owed_by.push(grammar::write_owner(other)),
            }
        }
        owed.then(|| Implied { duty: duty.id.clone(), unit, owed_by })
    }

    /// The line as `duties.toml` would have it.
    pub fn line(&self) -> String {
        let names: Vec<String> = self.owed_by.iter().map(|name| format!("\"{name}\"")).collect();
        format!("owed_by = [{}]", names.join(", "))
    }

    pub fn chinese(&self) -> String {
        let Implied { duty, unit, owed_by } = self;
        let begins = format!("目录中职责 {duty} 仍写明由{unit}承担，此后各期照旧。如同意长期调整");
        if owed_by.is_empty() {
            return format!(
                "{begins}，请在 duties.toml 的 {duty} 处（owed_by）改列其他单位，或以 effective_to 写明施行结束日，在“职责目录”页上传。"
            );
        }
        format!("{begins}，请将 duties.toml 中 {duty} 的一行改为 {}，在“职责目录”页上传。", self.line())
    }

    pub fn english(&self) -> String {
        let Implied { duty, unit, owed_by } = self;
        let begins = format!("the catalogue still has {unit} owe {duty}, so what comes stays as it was");
        if owed_by.is_empty() {
            return format!(
                "{begins}; for good: name others in `owed_by` of {duty} in duties.toml, or end it with `effective_to`, and `duban seed apply`"
            );
        }
        format!("{begins}; for good: `{}` for {duty} in duties.toml, and `duban seed apply`", self.line())
    }
}
