//! A story in which letters carry links, and how somebody comes in.

use duban::engine::{Settings, link::Keys};

use super::{
    Story,
    browser::{Answer, Browser, KEY},
};

pub fn with_links() -> Settings {
    Settings { public_url: Some("https://duban.example.com".into()), ..super::settings() }
}

/// A story in which 质安处's liaison has got a letter; and the path of its link.
pub async fn letter(story: &mut Story) -> String {
    story.engine.keys = Some(Keys::parse(KEY).unwrap());
    story.run_until("2022-10-13 10:00").await;
    link_of(story, "质安处/liaison").await
}

pub async fn link_of(story: &Story, post: &str) -> String {
    let address = story.address(post).await;
    link_in(&story.letters_to(&address, "2022-10-13 00:00")[0].text)
}

/// The path of the link in a letter's text.
pub fn link_in(text: &str) -> String {
    text.split_once("https://duban.example.com").unwrap().1.split_whitespace().next().unwrap().to_owned()
}

pub async fn sign_in(browser: &mut Browser, who: &str, password: &str) -> Answer {
    browser.post("/enter", &[("post", who), ("password", password)]).await
}
