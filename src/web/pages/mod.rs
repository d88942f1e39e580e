//! The pages: a file a page or a handful that belong together. Each names its routes; each reads, has an act done, or both.

pub mod enter;
pub mod file;
pub mod hand_over;
pub mod me;
pub mod obligation;
pub mod occasions;
pub mod pictures;
pub mod settings;
pub mod todo;

use super::routes::Route;

/// The pages' routes.
pub fn routes() -> Vec<Route> {
    [
        enter::routes(),
        todo::routes(),
        file::routes(),
        obligation::routes(),
        me::routes(),
        hand_over::routes(),
        occasions::routes(),
        pictures::routes(),
        settings::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
