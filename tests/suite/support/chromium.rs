//! A real Chromium without a screen, driven through chromedriver: what it loads, what it complains of, what it shows.
//!
//! Both come from the machine (`tests/run` installs them). A test that needs them fails without them; it never skips.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::elements::Element;
use fantoccini::wd::{TimeoutConfiguration, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::sync::{Semaphore, SemaphorePermit};

/// How long a page may take to show what is waited for: long, since the machine may be busy.
const PATIENCE: Duration = Duration::from_mins(1);

/// A browser takes a processor and some hundred megabytes: no more than these at once.
static PLACES: Semaphore = Semaphore::const_new(2);

/// What a page is looked at with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Screen {
    pub width: u32,
    pub height: u32,
    /// Device pixels for one of CSS: what the browser's zoom does.
    pub zoom: u32,
    pub touch: bool,
}

/// A liaison's phone.
pub const PHONE: Screen = Screen { width: 390, height: 844, zoom: 1, touch: true };
/// A PC in the office.
pub const DESK: Screen = Screen { width: 1280, height: 800, zoom: 1, touch: false };
/// 640 pixels at 200 %.
pub const ZOOMED: Screen = Screen { width: 320, height: 512, zoom: 2, touch: false };

/// See the module.
#[expect(dead_code, reason = "what the browser needs lives as long as it does")]
pub struct Chromium {
    pub client: Client,
    driver: Driver,
    profile: tempfile::TempDir,
    place: SemaphorePermit<'static>,
}

/// What was asked for over the network since somebody last looked.
#[derive(Debug, Default)]
pub struct Traffic {
    /// Method and address of each request, redirects included.
    pub requests: Vec<(String, String)>,
    /// Pages opened: GETs of documents that led nowhere else.
    pub pages: Vec<String>,
    /// Bytes that came over the wire, heads included.
    pub bytes: f64,
}

impl Chromium {
    /// A fresh one, with an empty profile.
    pub async fn start() -> Chromium {
        Chromium::with(true).await
    }

    /// A fresh one in which pages' scripts do not run.
    pub async fn without_scripts() -> Chromium {
        Chromium::with(false).await
    }

    async fn with(scripts: bool) -> Chromium {
        let place = PLACES.acquire().await.unwrap();
        let driver = Driver::start();
        let profile = tempfile::tempdir().unwrap();
        let mut args: Vec<String> = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            "--font-render-hinting=none",
            "--lang=zh-CN",
            // Names of no machine: what is not loopback is not trusted.
            "--host-resolver-rules=MAP *.lab 127.0.0.1",
        ]
        .map(String::from)
        .to_vec();
        args.push(format!("--user-data-dir={}", profile.path().display()));
        let mut options = json!({ "args": args });
        if !scripts {
            options["prefs"] = json!({ "profile.managed_default_content_settings.javascript": 2 });
        }
        if let Ok(binary) = std::env::var("CHROMIUM") {
            options["binary"] = binary.into();
        }
        let capabilities = json!({
            "goog:chromeOptions": options,
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
        });
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities.as_object().unwrap().clone())
            .connect(&driver.address)
            .await
            .unwrap_or_else(|error| panic!("Chromium does not start (apt-get install chromium): {error}"));
        let patience = TimeoutConfiguration::new(Some(PATIENCE * 2), Some(PATIENCE), None);
        client.update_timeouts(patience).await.unwrap();
        let chromium = Chromium { client, driver, profile, place };
        chromium.cdp("Network.enable", json!({})).await;
        chromium.cdp("Network.setCacheDisabled", json!({ "cacheDisabled": true })).await;
        // Whether scripts run is seen, not believed.
        chromium.goto("data:text/html,<title>off</title><script>document.title='on'</script>").await;
        assert_eq!(chromium.client.title().await.unwrap() == "on", scripts);
        chromium
    }

    /// Ends it. Without this it ends with the test, panicking or not.
    pub async fn close(self) {
        self.client.clone().close().await.unwrap();
    }

    /// A command of Chromium's own protocol.
    pub async fn cdp(&self, command: &str, parameters: Value) -> Value {
        let body = json!({ "cmd": command, "params": parameters });
        let answer = self.client.issue_cmd(Own { path: "goog/cdp/execute", body }).await;
        answer.unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    pub async fn goto(&self, address: &str) {
        self.client.goto(address).await.unwrap_or_else(|error| panic!("{address}: {error}"));
    }

    pub async fn screen(&self, screen: Screen) {
        let size = json!({ "width": screen.width, "height": screen.height, "deviceScaleFactor": screen.zoom, "mobile": screen.touch });
        self.cdp("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// The colours that the reader prefers: `light` or `dark`.
    pub async fn prefers(&self, scheme: &str) {
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.cdp("Emulation.setEmulatedMedia", features).await;
    }

    /// Whoever was signed in goes, and the holder of this session's secret comes.
    pub async fn sign_in(&self, origin: &str, secret: &str) {
        self.cdp("Network.clearBrowserCookies", json!({})).await;
        let cookie = json!({ "name": "duban", "value": secret, "url": origin, "httpOnly": true, "sameSite": "Lax" });
        self.cdp("Network.setCookie", cookie).await;
    }

    /// The first element, waited for.
    pub async fn find(&self, css: &str) -> Element {
        let found = self.client.wait().at_most(PATIENCE).for_element(Locator::Css(css)).await;
        match found {
            Ok(element) => element,
            Err(error) => panic!("no {css} on {}: {error}\n{}", self.path().await, self.text().await),
        }
    }

    /// The first element with exactly that text; `what` is a tag.
    pub async fn find_labelled(&self, what: &str, text: &str) -> Element {
        let path = format!("//{what}[normalize-space(.)='{text}']");
        match self.client.wait().at_most(PATIENCE).for_element(Locator::XPath(&path)).await {
            Ok(element) => element,
            Err(error) => panic!("no {what} {text} on {}: {error}\n{}", self.path().await, self.text().await),
        }
    }

    /// The first element of that class whose text holds these words, waited for.
    pub async fn find_holding(&self, class: &str, words: &str) -> Element {
        let path = format!("//*[@class='{class}'][contains(., '{words}')]");
        match self.client.wait().at_most(PATIENCE).for_element(Locator::XPath(&path)).await {
            Ok(element) => element,
            Err(error) => panic!("no {class} with {words} on {}: {error}\n{}", self.path().await, self.text().await),
        }
    }

    /// Presses the button with that text, as a finger or a mouse does.
    pub async fn press(&self, text: &str) {
        self.find_labelled("button", text).await.click().await.unwrap();
    }

    /// Presses keys one after the other, wherever the focus is.
    pub async fn keys(&self, keys: &[char]) {
        for key in keys {
            let press = KeyActions::new("keyboard".into())
                .then(KeyAction::Down { value: *key })
                .then(KeyAction::Up { value: *key });
            self.client.perform_actions(press).await.unwrap();
        }
    }

    /// Puts a day into a date field; how it is typed differs by language.
    pub async fn fill_day(&self, css: &str, day: &str) {
        self.find(css).await;
        let script = "const field = document.querySelector(arguments[0]); field.value = arguments[1];";
        self.run(script, vec![css.into(), day.into()]).await;
    }

    /// Runs a script of the test's on the page; the page's policy does not hold it.
    pub async fn run(&self, script: &str, arguments: Vec<Value>) -> Value {
        self.client.execute(script, arguments).await.unwrap()
    }

    pub async fn text(&self) -> String {
        self.find_now("main, body").await
    }

    async fn find_now(&self, css: &str) -> String {
        match self.client.find(Locator::Css(css)).await {
            Ok(element) => element.text().await.unwrap_or_default(),
            Err(_) => String::new(),
        }
    }

    pub async fn path(&self) -> String {
        self.client.current_url().await.unwrap().path().to_owned()
    }

    /// What the browser complained of since somebody last looked: errors of scripts and of loading, broken policies.
    pub async fn complaints(&self) -> Vec<String> {
        let log = self.log("browser").await;
        let said = |entry: &Value| entry["message"].as_str().unwrap_or_default().to_owned();
        log.iter().filter(|entry| entry["level"] == "SEVERE" || entry["level"] == "WARNING").map(said).collect()
    }

    /// What was loaded since somebody last looked.
    pub async fn traffic(&self) -> Traffic {
        let mut traffic = Traffic::default();
        let mut opened: Vec<(String, String)> = Vec::new();
        for entry in self.log("performance").await {
            let event: Value = serde_json::from_str(entry["message"].as_str().unwrap()).unwrap();
            let (method, parameters) = (event["message"]["method"].as_str(), &event["message"]["params"]);
            match method {
                Some("Network.requestWillBeSent") => {
                    let address = parameters["request"]["url"].as_str().unwrap().to_owned();
                    let method = parameters["request"]["method"].as_str().unwrap().to_owned();
                    // A redirect goes by the name of the request that it answers: only where it ends is a page.
                    let request = parameters["requestId"].to_string();
                    opened.retain(|(before, _)| *before != request);
                    if parameters["type"] == "Document" && method == "GET" {
                        opened.push((request, address.clone()));
                    }
                    traffic.requests.push((method, address));
                }
                Some("Network.loadingFinished") => {
                    traffic.bytes += parameters["encodedDataLength"].as_f64().unwrap_or_default();
                }
                _ => {}
            }
        }
        traffic.requests.retain(|(_, address)| !address.starts_with("data:"));
        traffic.pages =
            opened.into_iter().map(|(_, address)| address).filter(|one| !one.starts_with("data:")).collect();
        traffic
    }

    async fn log(&self, kind: &str) -> Vec<Value> {
        let body = json!({ "type": kind });
        match self.client.issue_cmd(Own { path: "se/log", body }).await.unwrap() {
            Value::Array(entries) => entries,
            other => panic!("no log: {other}"),
        }
    }

    /// By how many CSS pixels the page is wider than the screen.
    pub async fn overflow(&self) -> i64 {
        let script = "const page = document.documentElement; return Math.max(page.scrollWidth, document.body.scrollWidth) - page.clientWidth;";
        self.run(script, Vec::new()).await.as_i64().unwrap()
    }

    /// What the screen shows, as a PNG.
    pub async fn picture(&self) -> Vec<u8> {
        let shot = self.cdp("Page.captureScreenshot", json!({ "format": "png", "optimizeForSpeed": false })).await;
        BASE64_STANDARD.decode(shot["data"].as_str().unwrap()).unwrap()
    }
}

/// A chromedriver on a free port.
struct Driver {
    process: Child,
    address: String,
}

impl Driver {
    fn start() -> Driver {
        let program = std::env::var("CHROMEDRIVER").unwrap_or_else(|_| "chromedriver".into());
        let process = Command::new(&program)
            .args(["--port=0", "--log-level=SEVERE"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        let mut process = process.unwrap_or_else(|error| {
            panic!(
                "{program} cannot be run ({error}). The console is tested in a real browser: \
                 apt-get install chromium chromium-driver fonts-noto-cjk, as tests/run does; \
                 CHROMEDRIVER and CHROMIUM name others"
            )
        });
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let started = "started successfully on port ";
        let port = loop {
            let line = lines.next().unwrap_or_else(|| panic!("{program} ended at once")).unwrap();
            if let Some((_, port)) = line.split_once(started) {
                break port.trim_end_matches('.').to_owned();
            }
        };
        // It writes on: let it.
        std::thread::spawn(move || lines.for_each(drop));
        Driver { process, address: format!("http://127.0.0.1:{port}") }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Asked politely it takes its browser along; killed it would leave it behind.
        let asked = TcpStream::connect(self.address.trim_start_matches("http://")).and_then(|mut stream| {
            stream.set_read_timeout(Some(Duration::from_secs(10)))?;
            stream.write_all(b"GET /shutdown HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
            stream.read_to_end(&mut Vec::new())
        });
        if asked.is_err() {
            let _ = self.process.kill();
        }
        let _ = self.process.wait();
    }
}

/// A command that the standard does not know.
#[derive(Debug)]
struct Own {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Own {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &url::Url) -> (axum::http::Method, Option<String>) {
        (axum::http::Method::POST, Some(self.body.to_string()))
    }
}
