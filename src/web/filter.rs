//! What the form above a list of obligations offers. What is meant by it is said in `read::query`.

use super::view;
use crate::domain::duty::CadenceKind;
use crate::domain::light::Light;
use crate::domain::phase::Phase;
use crate::domain::query::PhaseGroup;
use crate::engine::known::Known;
use crate::read::query::{Duties, QueryText};

pub struct Choice {
    pub value: String,
    pub label: String,
    pub chosen: bool,
}

/// What the form offers, with what is chosen.
pub struct Choices {
    pub units: Vec<Choice>,
    pub duties: Vec<Choice>,
    pub items: Vec<Choice>,
    pub parts: Vec<Choice>,
    pub cadences: Vec<Choice>,
    pub lights: Vec<Choice>,
    pub phases: Vec<Choice>,
}

impl Choices {
    pub fn of(known: &Known, asked: &QueryText) -> Choices {
        let choice = |value: String, label: String, chosen: &str| Choice { chosen: value == chosen, value, label };
        let duties = Duties::of(known).in_order();
        let newest = known.versions.last().map(|version| &version.catalogue);
        let clauses = newest.map(|catalogue| catalogue.clauses.as_slice()).unwrap_or_default();
        let mut parts: Vec<(u16, &str)> = clauses.iter().map(|entry| (entry.part, entry.part_title.as_str())).collect();
        parts.sort_unstable();
        parts.dedup();
        let phases = PhaseGroup::ALL.iter().copied().map(|group| (group.code(), view::phase_group_label(group)));
        let phases = phases.chain(Phase::ALL.iter().copied().map(|phase| (phase.code(), view::phase_label(phase))));
        Choices {
            units: known
                .roster
                .units
                .iter()
                .map(|unit| choice(unit.name.0.clone(), unit.name.0.clone(), &asked.unit))
                .collect(),
            duties: duties
                .iter()
                .map(|duty| choice(duty.id.0.clone(), format!("{} {}", duty.id, duty.title), &asked.duty))
                .collect(),
            items: clauses
                .iter()
                .map(|entry| choice(entry.item.to_string(), format!("第{}项 {}", entry.item, entry.title), &asked.item))
                .collect(),
            parts: parts
                .into_iter()
                .map(|(part, title)| choice(part.to_string(), format!("{part} {title}"), &asked.part))
                .collect(),
            cadences: CadenceKind::ALL
                .iter()
                .map(|kind| choice(kind.code().to_owned(), kind.label().to_owned(), &asked.cadence))
                .collect(),
            lights: Light::ALL
                .iter()
                .copied()
                .map(|light| choice(light.code().to_owned(), view::light_label(light).to_owned(), &asked.light))
                .collect(),
            phases: phases.map(|(code, label)| choice(code.to_owned(), label.to_owned(), &asked.phase)).collect(),
        }
    }
}
