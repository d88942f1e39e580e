//! What signs the links in letters belongs to the database: whichever daemon has sent a letter, its link opens at all.

use chrono::{DateTime, Utc};

use crate::support::daemon::{Home, at_once};
use crate::support::{BOTH, Kind};
use duban::acts::link_key::{Source, settled};
use duban::engine::link::{Keys, Token};
use duban::store::{Location, Store};

fn now() -> DateTime<Utc> {
    duban::clock::Clock::System.now()
}

fn key(digit: &str) -> String {
    digit.repeat(64) + "\n"
}

/// The link of a letter, as whoever has that key has sent it.
fn link(digit: &str) -> Token {
    Token::parse(&Keys::parse(&key(digit)).unwrap().token(7, "质安处/liaison", now())).unwrap()
}

fn opens(keys: &Keys, digit: &str) -> bool {
    keys.made(&link(digit), "质安处/liaison", now())
}

/// The keys that any daemon on that database has.
async fn keys(location: &Location) -> Keys {
    let store = Store::open(location).await.unwrap();
    let keys = settled(&store, &Source::Database(None), now()).await.unwrap();
    store.close().await;
    keys
}

#[test]
fn each_daemon_signs_with_the_key_of_its_database_and_old_links_go_on_opening() {
    for kind in BOTH {
        let Some(home) = Home::on(kind) else { continue };
        // As 0.1.0 has left it: a key in the state folder, and letters that were signed with it.
        std::fs::create_dir_all(home.path("var")).unwrap();
        home.write("var/link-key", &key("a"));
        let done = home.run(&["migrate"]);
        assert_eq!(done.code, Some(0), "{}", done.all());
        assert!(!home.path("var/link-key").exists(), "the key lies in two places");
        let location = match home.database() {
            Some(database) => database.location.clone(),
            None => Location::SqliteFile(home.path("var/duban.sqlite")),
        };
        let before = at_once(keys(&location));
        assert!(opens(&before, "a") && !opens(&before, "b"));
        if kind == Kind::Postgres {
            // Another daemon of 0.1.0 on the same database had made a key of its own.
            let other = Home::beside(home.database().unwrap());
            std::fs::create_dir_all(other.path("var")).unwrap();
            other.write("var/link-key", &key("b"));
            assert_eq!(other.run(&["migrate"]).code, Some(0));
            let both = at_once(keys(&location));
            assert!(opens(&both, "a") && opens(&both, "b"));
            assert_eq!(both.fingerprint(), before.fingerprint(), "the two sign with two keys");
        }
        // One that comes with a key of its own is refused, in words and without the key.
        home.write("own-key", &key("c"));
        let mut foreign = home.command(&["status"]);
        let refused = foreign.env("DUBAN__CONSOLE__LINK_KEY_FILE", home.path("own-key")).output().unwrap();
        let said = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(78), "{said}");
        assert!(said.contains("all daemons on one database need the same key") && !said.contains("cccc"), "{said}");
        // Renewed: links that were sent open still; at once: no more.
        assert_eq!(home.run(&["link-key", "renew"]).code, Some(0));
        let renewed = at_once(keys(&location));
        assert!(opens(&renewed, "a") && renewed.fingerprint() != before.fingerprint());
        assert_eq!(home.run(&["link-key", "renew", "--at-once"]).code, Some(0));
        assert!(!opens(&at_once(keys(&location)), "a"));
        home.end();
    }
}
