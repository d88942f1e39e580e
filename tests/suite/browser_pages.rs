//! Every page that a role can open, in a real Chromium: axe-core finds nothing in light or dark, nothing sticks out at 200 %,
//! nothing is loaded from elsewhere, nothing is complained of, and each is small. Also draws the pictures of the documents.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::chromium::{Chromium, DESK, PHONE, Screen, ZOOMED};
use crate::support::morning::{LIAISON, october_morning};
use crate::support::served::World;
use crate::support::{Kind, OFFICE};
use duban::web::route::Route;
use duban::web::routes;

/// Who looks. The empty one is not signed in; the last came by a digest's link, which shows and decides nothing.
const POSTS: [&str; 9] = [
    "",
    LIAISON,
    "安管总站/liaison",
    "质安处/head",
    OFFICE,
    "委安委办/head",
    "委安委办/admin",
    "委安委办/auditor",
    BY_DIGEST,
];
const BY_DIGEST: &str = "委安委办/office by its digest";

/// What a page may weigh over the wire, style and script included.
const LARGEST: f64 = 100_000.0;

/// Of pages that differ in their parameters alone so many are looked at for each post; in a long run more.
fn of_one_route() -> usize {
    if std::env::var("DUBAN_TEST_LONG").is_ok() { 5 } else { 2 }
}

/// What programs ask for, not people.
const OF_PROGRAMS: [&str; 6] = ["/api/", "/assets/", "/feeds/", "/healthz", "/readyz", "/metrics"];

const AXE: &str = include_str!("../axe/axe.min.js");

/// A page to look at.
struct Found {
    post: &'static str,
    path: String,
    status: StatusCode,
}

/// What a walk over all links comes to.
#[derive(Default)]
struct Walk {
    pages: Vec<Found>,
    reached: BTreeSet<&'static str>,
    dead: BTreeSet<String>,
}

/// How well a path fits a route: the number of segments that are the same, if the others are parameters.
fn fits(route: &Route, path: &str) -> Option<usize> {
    let (ours, theirs): (Vec<&str>, Vec<&str>) = (route.path.split('/').collect(), path.split('/').collect());
    let fits = |(ours, theirs): (&&str, &&str)| ours.starts_with('{') && !theirs.is_empty() || ours == theirs;
    let all = ours.len() == theirs.len() && ours.iter().zip(&theirs).all(fits);
    all.then(|| ours.iter().zip(&theirs).filter(|(ours, theirs)| ours == theirs).count())
}

/// The page or form that a path belongs to.
fn route_of<'a>(routes: &'a [Route], method: &Method, path: &str) -> Option<&'a Route> {
    let path = path.split('?').next().unwrap();
    let of_method = routes.iter().filter(|route| route.method == *method);
    of_method.filter_map(|route| Some((fits(route, path)?, route))).max_by_key(|(fit, _)| *fit).map(|(_, route)| route)
}

/// The links of a page that stay in the console.
fn links(html: &str) -> Vec<String> {
    let rest = html.split(" href=\"").skip(1);
    let links =
        rest.filter_map(|rest| rest.split_once('"')).map(|(link, _)| link.replace("&amp;", "&").replace("&#38;", "&"));
    links.filter(|link| link.starts_with('/')).map(|link| link.split('#').next().unwrap().to_owned()).collect()
}

/// Follows every link as every post, from every page without parameters on.
async fn walk(world: &World, samples: &[String]) -> Walk {
    let routes = routes::all();
    let plain = routes.iter().filter(|route| route.method == Method::GET && !route.path.contains('{'));
    let begin: Vec<String> = samples.iter().cloned().chain(plain.map(|route| route.path.to_owned())).collect();
    let mut walk = Walk::default();
    // What stands on a page, whoever's menu is above it, is looked at once.
    let mut bodies: BTreeSet<(String, String)> = BTreeSet::new();
    for post in POSTS {
        let mut browser = world.console.stranger();
        browser.cookie = Some(format!("duban={}", secret(world, post).await));
        let mut queue: VecDeque<(String, bool)> = begin.iter().map(|path| (path.clone(), false)).collect();
        let mut seen: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        let mut menus = 0;
        while let Some((path, linked)) = queue.pop_front() {
            let Some(route) = route_of(&routes, &Method::GET, &path) else {
                walk.dead.insert(format!("{path} is no page"));
                continue;
            };
            let of_route = seen.entry(route.path).or_default();
            if OF_PROGRAMS.iter().any(|start| path.starts_with(start))
                || (linked && of_route.len() >= of_one_route())
                || !of_route.insert(path.clone())
            {
                continue;
            }
            let answer = browser.get(&path).await;
            if answer.status.is_redirection() {
                walk.reached.insert(route.path);
                continue;
            }
            if answer.status != StatusCode::OK {
                // Whatever a page leads to, who sees the link may open it.
                if linked {
                    walk.dead.insert(format!("{path} is {} for {post:?}", answer.status));
                }
                // What a refusal looks like is seen once.
                if walk.pages.iter().all(|page| page.status != answer.status) {
                    walk.pages.push(Found { post, path, status: answer.status });
                }
                continue;
            }
            walk.reached.insert(route.path);
            if !answer.headers["content-type"].to_str().unwrap().starts_with("text/html") {
                continue;
            }
            let html = answer.text();
            queue.extend(links(&html).into_iter().map(|link| (link, true)));
            let body = html.split_once("<main").map_or("", |(_, body)| body).to_owned();
            menus += 1;
            if bodies.insert((route.path.to_owned(), body)) || menus == 1 {
                walk.pages.push(Found { post, path, status: StatusCode::OK });
            }
        }
    }
    let of_people = routes
        .iter()
        .filter(|route| route.method == Method::GET && !OF_PROGRAMS.iter().any(|start| route.path.starts_with(start)));
    for route in of_people.filter(|route| !walk.reached.contains(route.path)) {
        walk.dead.insert(format!("nothing leads to {}", route.path));
    }
    walk
}

/// The secret of a new session; of whoever is not signed in, none.
async fn secret(world: &World, post: &str) -> String {
    match post {
        "" => String::new(),
        BY_DIGEST => world.secret_of(OFFICE, "read").await,
        post => world.secret_of(post, "").await,
    }
}

/// The forms of a page that ask for something.
const ASKING: &str = "return Array.prototype.filter.call(document.forms, form => form.method === 'post' && form.querySelector('[required]'))\
    .map(form => decodeURI(new URL(form.action).pathname));";
/// Sends one of them with blanks for all that it asks for, past what the browser would hold it back for.
const BLANK: &str = "const form = Array.prototype.find.call(document.forms, form => form.method === 'post' && form.querySelector('[required]') \
        && decodeURI(new URL(form.action).pathname) === arguments[0]); \
    form.querySelectorAll('input[required]:not([type=file]):not([type=checkbox]):not([type=radio]), textarea[required]')\
        .forEach(one => one.value = one.type === 'date' ? '' : ' '); \
    form.noValidate = true; form.requestSubmit(form.querySelector('button'));";

/// What axe-core finds wrong, a line each. In other colours nothing else can be wrong than colours.
async fn violations(chromium: &Chromium, colours_alone: bool) -> Vec<String> {
    let there = chromium.run("return typeof axe !== 'undefined';", Vec::new()).await;
    if there == false {
        chromium.run(AXE, Vec::new()).await;
    }
    let mut options = json!({ "preload": false, "resultTypes": ["violations"] });
    if colours_alone {
        options["runOnly"] = json!(["color-contrast", "link-in-text-block"]);
    }
    let script = "const done = arguments[1]; axe.run(document, arguments[0]).then(found => done(found.violations.map(one => \
        one.id + ': ' + one.nodes.slice(0, 4).map(node => node.target.join(' ') + ' ' + (node.any.concat(node.all, node.none).map(check => check.message).join('; '))).join(' | '))), \
        error => done([String(error)]));";
    let found = chromium.client.execute_async(script, vec![options]).await.unwrap();
    let Value::Array(found) = found else { panic!("axe-core answers {found}") };
    found.into_iter().map(|one| one.as_str().unwrap().to_owned()).collect()
}

/// What is to find faults finds one that is there.
async fn finds_faults(world: &World, chromium: &Chromium) {
    chromium.goto(&format!("{}/enter", world.origin)).await;
    chromium.run("document.querySelector('label[for=password]').remove();", Vec::new()).await;
    let found = violations(chromium, false).await;
    assert!(found.len() == 1 && found[0].starts_with("label: "), "{found:?}");
    chromium.goto(&format!("{}/enter", world.origin)).await;
    for scheme in ["light", "dark"] {
        chromium.prefers(scheme).await;
        let paper = "return getComputedStyle(document.body).backgroundColor;";
        let dark = chromium.run(paper, Vec::new()).await != "rgb(255, 255, 255)";
        assert_eq!(dark, scheme == "dark");
        // Words that are nearly of the colour of the paper.
        let pale = if dark { "#333" } else { "#ccc" };
        chromium.run("document.querySelector('main p').style.color = arguments[0];", vec![pale.into()]).await;
        let found = violations(chromium, true).await;
        assert!(found.len() == 1 && found[0].starts_with("color-contrast: "), "{scheme}: {found:?}");
    }
}

/// A form with nothing in it comes back with why, on the page where it was filled in; what is wrong with that page. Of each
/// form who fills it in, on which page, and where it goes.
async fn refused_forms(world: &World, chromium: &Chromium, forms: &[(&str, &String, String)]) -> Vec<String> {
    let mut faults = Vec::new();
    for (post, path, action) in forms {
        chromium.sign_in(&world.origin, &secret(world, post).await).await;
        chromium.screen(PHONE).await;
        chromium.goto(&format!("{}{path}", world.origin)).await;
        chromium.run(BLANK, vec![action.as_str().into()]).await;
        chromium.find(".refused").await;
        for (scheme, colours_alone) in [("light", false), ("dark", true)] {
            chromium.prefers(scheme).await;
            for found in violations(chromium, colours_alone).await {
                faults.push(format!("{action} refused to {post:?} on {path}: {scheme}: {found}"));
            }
        }
    }
    faults
}

#[tokio::test]
async fn every_page_can_be_read_by_everybody() {
    let seeds = duban::catalogue::Seeds::embedded().unwrap();
    let mut world = World::begin(Kind::Sqlite, "2022-09-26 00:00", &seeds).await.unwrap();
    let samples = october_morning(&mut world).await;
    let walk = walk(&world, &samples).await;
    let chromium = Chromium::start().await;
    finds_faults(&world, &chromium).await;
    let mut faults: Vec<String> = walk.dead.into_iter().collect();
    let mut signed_in = "";
    let none = String::new();
    let mut heaviest = (0.0, &none);
    let routes = routes::all();
    let (mut asked, mut forms) = (BTreeSet::new(), Vec::new());
    for Found { post, path, status } in &walk.pages {
        if *post != signed_in {
            chromium.sign_in(&world.origin, &secret(&world, post).await).await;
            signed_in = post;
        }
        let mut fault = |words: String| faults.push(format!("{path} as {post:?}: {words}"));
        chromium.screen(PHONE).await;
        chromium.prefers("light").await;
        chromium.traffic().await;
        chromium.complaints().await;
        chromium.goto(&format!("{}{path}", world.origin)).await;
        // What is dark is dark on any screen.
        for (screen, scheme, colours_alone) in [(PHONE, "light", false), (PHONE, "dark", true), (DESK, "light", false)]
        {
            chromium.screen(screen).await;
            chromium.prefers(scheme).await;
            for found in violations(&chromium, colours_alone).await {
                fault(format!("{scheme}, {} px: {found}", screen.width));
            }
        }
        for screen in [PHONE, DESK, ZOOMED] {
            chromium.screen(screen).await;
            let overflow = chromium.overflow().await;
            if overflow > 0 {
                let script = "const wide = document.documentElement.clientWidth; return Array.prototype.filter.call(document.querySelectorAll('body *'), one => !one.closest('.wide') && one.getBoundingClientRect().right > wide + 1).slice(0, 5).map(one => one.outerHTML.slice(0, 120)).join(' | ');";
                let which = chromium.run(script, Vec::new()).await;
                fault(format!("{overflow} px too wide at {} px: {which}", screen.width));
            }
        }
        for complaint in chromium.complaints().await {
            // A refusal is logged as such.
            let expected =
                format!("Failed to load resource: the server responded with a status of {} ", status.as_u16());
            if *status == StatusCode::OK || !complaint.contains(&expected) {
                fault(complaint);
            }
        }
        for action in chromium.run(ASKING, Vec::new()).await.as_array().unwrap() {
            let action = action.as_str().unwrap().to_owned();
            let route = route_of(&routes, &Method::POST, &action).unwrap().path;
            // Whatever address asks for a link, the answer is the same.
            if *status == StatusCode::OK && route != "/enter/link" && asked.insert(route) {
                forms.push((*post, path, action));
            }
        }
        let traffic = chromium.traffic().await;
        if traffic.requests.len() < 3 {
            fault(format!("only {:?} was seen to be loaded", traffic.requests));
        }
        for (method, address) in &traffic.requests {
            if !address.starts_with(&format!("{}/", world.origin)) {
                fault(format!("{method} {address} is elsewhere"));
            }
        }
        if traffic.bytes > heaviest.0 {
            heaviest = (traffic.bytes, path);
        }
        if !(1_000.0..LARGEST).contains(&traffic.bytes) {
            fault(format!("{} bytes", traffic.bytes));
        }
    }
    faults.extend(refused_forms(&world, &chromium, &forms).await);
    assert!(forms.len() > 15, "{} forms: {asked:?}", forms.len());
    assert!(
        faults.is_empty(),
        "{} pages, the heaviest {heaviest:?}, {} faults:\n{}",
        walk.pages.len(),
        faults.len(),
        faults.join("\n")
    );
    chromium.close().await;
    world.end().await;
}

/// The documents' pictures: name, who looks, at what, on which screen. They are written to `docs/pictures` when
/// `DUBAN_TEST_PICTURES` is set, so that a usual run changes nothing.
#[tokio::test]
async fn the_main_pages_make_pictures() {
    let seeds = duban::catalogue::Seeds::embedded().unwrap();
    let mut world = World::begin(Kind::Sqlite, "2022-09-26 00:00", &seeds).await.unwrap();
    october_morning(&mut world).await;
    let monthly = world.story.obligation("13.2", "质安处", "2022-10").await.id;
    let late = world.story.obligation("12.1", "物业处", "2022-09-30").await.id;
    let pictures: [(&str, &str, String, Screen); 7] = [
        ("todo", LIAISON, "/todo".into(), PHONE),
        ("file", LIAISON, format!("/o/{monthly}/file"), PHONE),
        ("board", OFFICE, "/board".into(), DESK),
        ("review", OFFICE, "/review".into(), DESK),
        ("obligation", OFFICE, format!("/o/{late}"), DESK),
        ("calendar", OFFICE, "/calendar/2022".into(), DESK),
        ("picture", OFFICE, "/pictures/unit/质安处".into(), DESK),
    ];
    let routes = routes::all();
    let chromium = Chromium::start().await;
    chromium.prefers("light").await;
    for (name, post, path, screen) in pictures {
        if route_of(&routes, &Method::GET, &path).is_none() {
            continue;
        }
        chromium.screen(screen).await;
        chromium.sign_in(&world.origin, &world.secret_of(post, "").await).await;
        chromium.goto(&format!("{}{path}", world.origin)).await;
        chromium.find("h1").await;
        let picture = chromium.picture().await;
        assert!(
            picture.starts_with(b"\x89PNG") && (5_000..150_000).contains(&picture.len()),
            "{name}: {}",
            picture.len()
        );
        if std::env::var_os("DUBAN_TEST_PICTURES").is_some() {
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/pictures");
            std::fs::create_dir_all(folder).unwrap();
            std::fs::write(format!("{folder}/{name}.png"), picture).unwrap();
        }
    }
    chromium.close().await;
    world.end().await;
}
