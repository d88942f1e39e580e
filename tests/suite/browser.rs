//! Stories in a real Chromium: what a person sees and presses, from a letter's link to the office's verdict, with scripts
//! and without, on both databases.

use fantoccini::Locator;
use fantoccini::key::Key;

use crate::support::chromium::{Chromium, DESK, PHONE};
use crate::support::served::{World, in_a_browser};
use crate::support::{OFFICE, at, seeds_of};
use duban::acts::event::NewEvent;
use duban::domain::light::Light;
use duban::domain::phase::Phase;
use duban::domain::unit::UnitName;

/// A duty that is reviewed before it is closed, due on 30 September 2022.
const DUTY: &str = "12.1";
const UNIT: &str = "质安处";
const LIAISON: &str = "质安处/liaison";
const PERIOD: &str = "2022-09-30";

/// The evidence of these stories: a photograph, as far as anybody looks.
const PHOTOGRAPH: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";

impl World {
    /// The link in the newest letter to a post.
    async fn link(&self, post: &str) -> String {
        let address = self.story.address(post).await;
        let letters = self.story.letters_to(&address, "2022-01-01 00:00");
        let text = &letters.last().unwrap_or_else(|| panic!("no letter to {post}")).text;
        let token = text.split_once(&format!("{}/l/", self.origin)).expect("a link in the letter").1;
        format!("{}/l/{}", self.origin, token.split_whitespace().next().unwrap())
    }

    /// Lets a browser in as a post, without a letter.
    async fn enter(&self, chromium: &Chromium, post: &str, path: &str) {
        chromium.sign_in(&self.origin, &self.secret(post).await).await;
        chromium.goto(&format!("{}{path}", self.origin)).await;
    }
}

/// The phase and light of the duty of these stories.
async fn standing(world: &World) -> (Phase, Light) {
    let obligation = world.story.obligation(DUTY, UNIT, PERIOD).await;
    (obligation.phase, Light::of(&obligation))
}

/// From a letter's link to a receipt, on a phone, by pressing alone. Gives back how many pages that took.
async fn file_from_the_letter(world: &World, phone: &Chromium) -> usize {
    phone.screen(PHONE).await;
    let link = world.link(LIAISON).await;
    phone.traffic().await;
    phone.goto(&link).await;
    assert_eq!(phone.overflow().await, 0, "{}", phone.path().await);
    phone.press("以质安处联络员身份进入").await;
    phone.find("a.button[href$='/file']").await;
    assert_eq!((phone.path().await.as_str(), phone.overflow().await), ("/todo", 0));
    file(world, phone, "已逐家督促企业制定方案并动员部署").await;
    let pages = phone.traffic().await.pages;
    assert!(pages[0].contains("/l/") && pages.last().unwrap().contains("/filed/"), "{pages:?}");
    pages.len() - 1
}

/// Files for what stands first on 我的待办, with a photograph; the receipt is on the screen afterwards.
async fn file(world: &World, phone: &Chromium, note: &str) {
    phone.find("a.button[href$='/file']").await.click().await.unwrap();
    phone.find("#note").await.send_keys(note).await.unwrap();
    assert_eq!(phone.overflow().await, 0, "{}", phone.path().await);
    let photograph = world.folder.path().join("现场照片.png");
    std::fs::write(&photograph, PHOTOGRAPH).unwrap();
    phone.find("#files").await.send_keys(photograph.to_str().unwrap()).await.unwrap();
    phone.press("报送").await;
    let receipt = phone.find(".receipt").await.text().await.unwrap();
    assert_eq!((phone.path().await, phone.overflow().await), (format!("/filed/{receipt}"), 0));
    let shown = phone.text().await;
    assert!(shown.contains(note) && shown.contains("现场照片.png"), "{shown}");
}

#[tokio::test]
async fn from_the_letter_to_the_verdict_by_thumb_and_by_keyboard() {
    in_a_browser("2022-09-19 00:00", &seeds_of(&[DUTY]), async |world| {
        world.story.run_until("2022-09-28 10:00").await;
        let chromium = Chromium::start().await;
        assert!(file_from_the_letter(world, &chromium).await <= 3);
        assert_eq!(standing(world).await, (Phase::Waiting, Light::Green));
        // The office never takes its hands off the keyboard.
        chromium.screen(DESK).await;
        world.enter(&chromium, OFFICE, "/review").await;
        chromium.find("[data-review]").await;
        chromium.keys(&['j', 'a']).await;
        let done = chromium.find(".done").await.text().await.unwrap();
        assert!(done.contains("通过"), "{done}");
        assert_eq!(standing(world).await, (Phase::Done, Light::Green));
        assert_eq!(chromium.complaints().await, Vec::<String>::new());
        chromium.close().await;
    })
    .await;
}

#[tokio::test]
async fn the_same_with_scripts_off() {
    in_a_browser("2022-09-19 00:00", &seeds_of(&[DUTY]), async |world| {
        world.story.run_until("2022-09-28 10:00").await;
        let chromium = Chromium::without_scripts().await;
        assert!(file_from_the_letter(world, &chromium).await <= 3);
        assert_eq!(standing(world).await, (Phase::Waiting, Light::Green));
        chromium.screen(DESK).await;
        world.enter(&chromium, OFFICE, "/review").await;
        chromium.find("[data-review]").await;
        // The keys of the script do nothing; Tab and Enter do all.
        chromium.keys(&['j', 'a']).await;
        for presses in 0.. {
            assert!(presses < 60, "Tab does not lead to 通过");
            chromium.keys(&[Key::Tab.into()]).await;
            if chromium.client.active_element().await.unwrap().text().await.unwrap() == "通过" {
                break;
            }
        }
        chromium.keys(&[Key::Enter.into()]).await;
        chromium.find(".done").await;
        assert_eq!(standing(world).await, (Phase::Done, Light::Green));
        chromium.close().await;
    })
    .await;
}

#[tokio::test]
async fn what_is_returned_comes_back_and_is_refiled() {
    in_a_browser("2022-09-19 00:00", &seeds_of(&[DUTY]), async |world| {
        world.story.run_until("2022-09-28 10:00").await;
        world.story.file(DUTY, UNIT, PERIOD, &[]).await.unwrap();
        let chromium = Chromium::start().await;
        chromium.screen(DESK).await;
        world.enter(&chromium, OFFICE, "/review").await;
        chromium.find("[data-review]").await;
        // r opens the form and stands in its reason; Tab leads over the day offered to the button.
        chromium.keys(&['j', 'r']).await;
        let reason = chromium.client.active_element().await.unwrap();
        assert_eq!(reason.attr("name").await.unwrap().as_deref(), Some("reason"));
        reason.send_keys("缺少动员部署的佐证").await.unwrap();
        let form = chromium.find("[data-return] form").await;
        form.find(Locator::Css("button")).await.unwrap().click().await.unwrap();
        chromium.find(".done").await;
        assert_eq!(standing(world).await, (Phase::Returned, Light::Yellow));
        chromium.screen(PHONE).await;
        world.enter(&chromium, LIAISON, "/todo").await;
        let todo = chromium.text().await;
        assert!(todo.contains("已退回，待重报（1项）"), "{todo}");
        file(world, &chromium, "补附动员部署照片").await;
        assert_eq!(standing(world).await, (Phase::Waiting, Light::Green));
        world.enter(&chromium, LIAISON, "/todo").await;
        let todo = chromium.text().await;
        assert!(!todo.contains("已退回") && todo.contains("已报送，待审核（1项）"), "{todo}");
        chromium.close().await;
    })
    .await;
}

#[tokio::test]
async fn an_extension_is_asked_for_and_granted() {
    in_a_browser("2022-09-19 00:00", &seeds_of(&[DUTY]), async |world| {
        world.story.run_until("2022-09-28 10:00").await;
        let chromium = Chromium::start().await;
        let id = world.story.obligation(DUTY, UNIT, PERIOD).await.id;
        chromium.screen(PHONE).await;
        world.enter(&chromium, LIAISON, &format!("/o/{id}")).await;
        chromium.find_labelled("summary", "申请延期").await.click().await.unwrap();
        chromium.fill_day("#until", "2022-10-14").await;
        chromium.find("#extend-reason").await.send_keys("两家企业停工，节后方能部署").await.unwrap();
        chromium.press("提交申请").await;
        chromium.find(".done").await;
        assert_eq!(world.story.obligation(DUTY, UNIT, PERIOD).await.round.due_at, at("2022-10-01 00:00"));
        chromium.screen(DESK).await;
        world.enter(&chromium, OFFICE, "/review").await;
        let shown = chromium.text().await;
        assert!(shown.contains("两家企业停工，节后方能部署"), "{shown}");
        chromium.press("同意延期").await;
        chromium.find(".done").await;
        let obligation = world.story.obligation(DUTY, UNIT, PERIOD).await;
        assert_eq!((obligation.round.due_at, obligation.phase), (at("2022-10-15 00:00"), Phase::Open));
        chromium.screen(PHONE).await;
        world.enter(&chromium, LIAISON, "/todo").await;
        let todo = chromium.text().await;
        assert!(todo.contains("10月14日"), "{todo}");
        chromium.close().await;
    })
    .await;
}

#[tokio::test]
async fn an_event_is_answered_by_one_button() {
    in_a_browser("2022-09-26 00:00", &seeds_of(&["46.1"]), async |world| {
        world.story.run_until("2022-09-27 10:00").await;
        let warning = NewEvent {
            id: Some("暴雨1".into()),
            event_type: "极端天气预警".into(),
            at: at("2022-09-27 10:00"),
            place: "主城区".into(),
            units: vec![UnitName(UNIT.into())],
        };
        world.story.act(OFFICE, async |actor| actor.open_event(&warning).await).await.unwrap();
        world.story.run_until("2022-09-27 10:05").await;
        let chromium = Chromium::start().await;
        chromium.screen(PHONE).await;
        chromium.goto(&world.link(LIAISON).await).await;
        chromium.press("以质安处联络员身份进入").await;
        chromium.find_labelled("a", "叫应").await.click().await.unwrap();
        chromium.press("叫应").await;
        chromium.find(".done").await;
        let answered = world.story.obligation("46.1", UNIT, "event:暴雨1").await;
        assert_eq!((answered.phase, Light::of(&answered)), (Phase::Done, Light::Green));
        assert_eq!(chromium.overflow().await, 0);
        chromium.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_draft_survives_a_reload_and_goes_with_its_receipt() {
    in_a_browser("2022-09-19 00:00", &seeds_of(&[DUTY]), async |world| {
        world.story.run_until("2022-09-28 10:00").await;
        let chromium = Chromium::start().await;
        chromium.screen(PHONE).await;
        let id = world.story.obligation(DUTY, UNIT, PERIOD).await.id;
        world.enter(&chromium, LIAISON, &format!("/o/{id}/file")).await;
        chromium.find("#note").await.send_keys("写到一半").await.unwrap();
        chromium.client.refresh().await.unwrap();
        let note = async || chromium.find("#note").await.prop("value").await.unwrap().unwrap_or_default();
        assert_eq!(note().await, "写到一半");
        chromium.press("报送").await;
        chromium.find(".receipt").await;
        assert_eq!(standing(world).await, (Phase::Waiting, Light::Green));
        let kept = chromium.run("return localStorage.length;", Vec::new()).await;
        assert_eq!(kept, 0);
        chromium.close().await;
    })
    .await;
}
