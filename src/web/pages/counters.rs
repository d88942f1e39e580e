//! Counters as fields of a form: a number with its measure word, or names. What is typed comes back as it was.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use crate::domain::counter::Item;
use crate::domain::duty::Duty;
use crate::domain::quota::Count;
use crate::domain::text;
use crate::engine::SetupError;
use crate::store::Tx;
use crate::store::row::Stored;
use crate::web::app::Desk;
use crate::web::fault::Fault;

pub struct CounterField {
    /// The field's name: `c0`; of a linked obligation `c0-17`.
    pub field: String,
    pub name: String,
    pub unit: String,
    pub have: u32,
    pub want: u32,
    /// Whether it takes names (else a number).
    pub names: bool,
    /// Whether the number is what is there now, not what was done.
    pub level: bool,
    /// What is filled in, with room for more.
    pub values: Vec<String>,
}

/// As a form's fields are sent: name and value.
pub type Sent = [(String, String)];

/// Room for so many names at the most; several may stand in one field.
const ROOM: usize = 8;

fn field(n: usize, of: Option<i64>) -> String {
    of.map_or_else(|| format!("c{n}"), |id| format!("c{n}-{id}"))
}

/// The fields of a duty's counters; `of` = the number of a linked obligation, whose fields are called otherwise.
pub fn fields(duty: &Duty, counts: &[Count], sent: &Sent, of: Option<i64>) -> Vec<CounterField> {
    let quotas = duty.quotas.iter().zip(counts).enumerate();
    let fields = quotas.map(|(n, (quota, count))| {
        let field = field(n, of);
        let mut values: Vec<String> =
            sent.iter().filter(|(name, _)| *name == field).map(|(_, value)| value.clone()).collect();
        // Whoever ticks a linked duty of one act has that act in mind.
        if values.is_empty() && of.is_some() && quota.wants_one_act() {
            values.push("1".to_owned());
        }
        let room = if quota.distinct { usize::try_from(count.missing()).unwrap_or(1).clamp(1, ROOM) } else { 1 };
        values.resize(values.len().max(room), String::new());
        CounterField {
            field,
            name: quota.counter.clone(),
            unit: quota.unit.clone(),
            have: count.have,
            want: count.want,
            names: quota.distinct,
            level: quota.level,
            values,
        }
    });
    fields.collect()
}

/// What was typed into a duty's fields; those left blank are none.
pub fn items(duty: &Duty, sent: &Sent, of: Option<i64>) -> Vec<Item> {
    let mut items = Vec::new();
    for (n, quota) in duty.quotas.iter().enumerate() {
        let field = field(n, of);
        let typed = sent.iter().filter(|(name, value)| *name == field && !text::fold(value).is_empty());
        items.extend(typed.map(|(_, value)| Item { counter: quota.counter.clone(), value: value.trim().to_owned() }));
    }
    items
}

/// Whether something stands in a field that is none of these duties' counters: a form that is older than the catalogue.
pub fn strange(duty: &Duty, sent: &Sent) -> bool {
    let known = |name: &str| match name.strip_prefix('c').map(|rest| rest.split_once('-').unwrap_or((rest, ""))) {
        Some((n, "")) => n.parse().is_ok_and(|n: usize| n < duty.quotas.len()),
        // Of a linked one, which may not be ticked.
        Some((n, id)) => n.parse::<usize>().is_ok() && id.parse::<i64>().is_ok(),
        None => true,
    };
    sent.iter().any(|(name, value)| !known(name) && !text::fold(value).is_empty())
}

/// Adds what was typed for another duty. A counter of both is counted alike in both, and taken once.
pub fn add(items: &mut Vec<Item>, more: Vec<Item>) {
    let known: BTreeSet<String> = items.iter().map(|item| item.counter.clone()).collect();
    items.extend(more.into_iter().filter(|item| !known.contains(&item.counter)));
}

/// What was filed, as a form sends it: names in one field.
pub fn filled(duty: &Duty, items: &[Item], of: i64) -> Vec<(String, String)> {
    let mut sent = Vec::new();
    for (n, quota) in duty.quotas.iter().enumerate() {
        let values: Vec<&str> =
            items.iter().filter(|item| item.counter == quota.counter).map(|item| item.value.as_str()).collect();
        if quota.distinct && !values.is_empty() {
            sent.push((field(n, Some(of)), values.join("；")));
        } else if values.is_empty() {
            sent.push((field(n, Some(of)), String::new()));
        } else {
            sent.extend(values.iter().map(|value| (field(n, Some(of)), (*value).to_owned())));
        }
    }
    sent
}

/// From how many of the last submissions names are offered.
const NAMES_FROM: usize = 50;

/// The day on which an act must be done to count, where no other does.
pub fn own_day(desk: &Desk, stored: &Stored) -> Result<Option<NaiveDate>, SetupError> {
    let rules = desk.known.rules(stored, desk.today)?;
    let window = desk.known.window(&stored.obligation, &rules);
    Ok(rules.duty.own_day_only.then_some(window.last_in_time))
}

/// The names that a unit has used lately, to be offered again.
pub async fn named_before(desk: &Desk, tx: &mut Tx, unit: &str) -> Result<Vec<String>, Fault> {
    let filed = tx.submissions_of(unit, desk.now(), NAMES_FROM).await?;
    let names: BTreeSet<String> = filed
        .into_iter()
        .flat_map(|submission| submission.items)
        .filter(|item| item.value.parse::<u32>().is_err())
        .map(|item| item.value)
        .collect();
    Ok(names.into_iter().collect())
}
