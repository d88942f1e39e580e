//! What was returned comes back to the form as it was filed: day, counters, note, and its files, kept unless they are unticked.

use chrono::NaiveDate;

use crate::domain::quota::Item;
use crate::store::submissions::Counted;
use crate::store::{StoreError, Tx};
use crate::web::view::size_words;

/// A file that was filed before and can be kept.
pub struct KeptRow {
    /// As the form sends it: `R…/0`.
    pub value: String,
    pub name: String,
    pub size: String,
    pub ticked: bool,
}

/// What was filed before it was returned.
pub struct Before {
    pub acted_on: NaiveDate,
    pub items: Vec<Item>,
    pub note: String,
    pub files: Vec<KeptRow>,
}

/// What was filed for an obligation by that unit and was returned the last time, all of it together.
pub async fn before(tx: &mut Tx, obligation: i64, unit: &str) -> Result<Option<Before>, StoreError> {
    let own = |counted: &Counted| counted.submission.unit == unit && counted.submission.withdrawn_at.is_none();
    let returned: Vec<Counted> = tx.submissions_for(&[obligation]).await?.into_iter().filter(own).collect();
    let Some(newest) = returned.iter().filter_map(|counted| counted.returned_at).max() else { return Ok(None) };
    let (mut items, mut files, mut last) = (Vec::new(), Vec::new(), None);
    for counted in returned.into_iter().filter(|counted| counted.returned_at == Some(newest)) {
        for file in tx.evidence_of(&counted.submission.id).await?.into_iter().filter(|file| file.erased_at.is_none()) {
            files.push(KeptRow {
                value: format!("{}/{}", file.submission, file.position),
                name: file.name,
                size: size_words(file.size),
                ticked: true,
            });
        }
        items.extend(counted.submission.items);
        last = Some((counted.submission.acted_on, counted.submission.note));
    }
    Ok(last.map(|(acted_on, note)| Before { acted_on, items, note, files }))
}
