//! The pages: a file a page or a handful that belong together. Each names its routes; each reads, has an act done, or both.

pub mod board;
pub mod correct;
pub mod counters;
pub mod decide;
pub mod enter;
pub mod file;
pub mod hand_over;
pub mod ledger;
pub mod letters;
pub mod me;
pub mod obligation;
pub mod occasions;
pub mod pictures;
pub mod refile;
pub mod results;
pub mod review;
pub mod settings;
pub mod todo;
pub mod tokens;
pub mod verdict;
pub mod waive;
pub mod watcher;

use super::route::Route;

pub fn routes() -> Vec<Route> {
    let each = [
        enter::routes(),
        todo::routes(),
        file::routes(),
        correct::routes(),
        obligation::routes(),
        me::routes(),
        tokens::routes(),
        board::routes(),
        decide::routes(),
        review::routes(),
        ledger::routes(),
        waive::routes(),
        letters::routes(),
        watcher::routes(),
        hand_over::routes(),
        occasions::routes(),
        pictures::routes(),
        settings::routes(),
    ];
    each.into_iter().flatten().collect()
}
