//! A browser without a screen: the console's own router, a cookie, and forms. Follows no redirect by itself.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{Method, Request, StatusCode, header};
use chrono::TimeDelta;
use tower::ServiceExt as _;

use super::Story;
use duban::acts::entry::{self, Spans};
use duban::engine::link::Keys;
use duban::engine::{Engine, Parts};
use duban::mail::{MemoryOutbox, Transport};
use duban::read::health::Limits;
use duban::vault::Vault;
use duban::web;
use duban::web::public::Public;

/// The key of all stories' links.
pub const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// A console on a story's database and clock.
pub struct Console {
    pub router: Router,
    pub engine: Arc<Engine>,
    folder: tempfile::TempDir,
}

/// How stories' consoles behave.
pub fn options() -> web::Options {
    web::Options {
        spans: Spans { idle: TimeDelta::hours(2), longest: TimeDelta::hours(14) },
        gateways: Vec::new(),
        gateway_header: None,
        ranking: false,
        public: Public::default(),
        limits: Limits { pass: TimeDelta::minutes(15), unsent: TimeDelta::hours(2), mail_down: TimeDelta::minutes(30) },
        largest: 1 << 20,
        daily: 1 << 30,
    }
}

impl Console {
    pub fn of(story: &Story) -> Console {
        Console::with(story, options())
    }

    pub fn with(story: &Story, options: web::Options) -> Console {
        Console::keyed(story, options, KEY)
    }

    /// One whose links are checked with these keys.
    pub fn keyed(story: &Story, options: web::Options, keys: &str) -> Console {
        let folder = tempfile::tempdir().unwrap();
        let Engine { store, clock, settings, .. } = &story.engine;
        let transport = Transport::Memory(MemoryOutbox::new());
        let engine = Arc::new(Engine::new(Parts {
            vault: Some(Vault::at(folder.path(), options.largest)),
            keys: Some(Keys::parse(keys).unwrap()),
            ..super::parts(store.clone(), clock.clone(), settings.clone(), transport, 11)
        }));
        let source = Arc::clone(&engine);
        let app = web::App::new(Box::new(move || Arc::clone(&source)), options);
        Console { router: web::router(&app), engine, folder }
    }

    /// Where its evidence lies.
    pub fn vault(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Somebody who is not signed in.
    pub fn stranger(&self) -> Browser {
        Browser { router: self.router.clone(), cookie: None, peer: SocketAddr::from(([192, 0, 2, 1], 40000)) }
    }

    /// Somebody who is signed in as a post (`质安处/liaison`).
    pub async fn signed_in(&self, post: &str) -> Browser {
        let spans = options().spans;
        let secret = entry::begin_session(&self.engine, &super::post(post), "test", "test", "", spans).await.unwrap();
        Browser { cookie: Some(format!("duban={secret}")), ..self.stranger() }
    }
}

/// See the module.
#[derive(Clone)]
pub struct Browser {
    router: Router,
    pub cookie: Option<String>,
    pub peer: SocketAddr,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: axum::http::HeaderMap,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8(self.bytes.clone()).unwrap()
    }

    /// Where it leads.
    pub fn location(&self) -> &str {
        self.headers.get(header::LOCATION).map_or("", |value| value.to_str().unwrap())
    }

    /// The value of the first form field of that name.
    pub fn field(&self, name: &str) -> String {
        let text = self.text();
        let from = text.find(&format!("name=\"{name}\"")).unwrap_or_else(|| panic!("no field {name} in {text}"));
        let rest = &text[from..];
        let value = rest.split_once("value=\"").unwrap().1;
        value.split_once('"').unwrap().0.to_owned()
    }
}

impl Browser {
    /// Sends a request with the session's cookie and keeps a new one.
    pub async fn send(&mut self, mut request: Request<Body>) -> Answer {
        if let Some(cookie) = &self.cookie {
            request.headers_mut().insert(header::COOKIE, cookie.parse().unwrap());
        }
        request.extensions_mut().insert(ConnectInfo(self.peer));
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        if let Some(cookie) = parts.headers.get(header::SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
            self.cookie = Some(pair).filter(|pair| !pair.ends_with('='));
        }
        let bytes = to_bytes(body, 64 << 20).await.unwrap().to_vec();
        Answer { status: parts.status, headers: parts.headers, bytes }
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(Request::builder().uri(quoted(path)).body(Body::empty()).unwrap()).await
    }

    /// Sends a form as a browser does.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body: Vec<String> =
            fields.iter().map(|(name, value)| format!("{}={}", quoted_part(name), quoted_part(value))).collect();
        let request = Request::builder()
            .method(Method::POST)
            .uri(quoted(path))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .body(Body::from(body.join("&")))
            .unwrap();
        self.send(request).await
    }

    /// Sends a form with files: name of the field, name of the file, content.
    pub async fn upload(&mut self, path: &str, fields: &[(&str, &str)], files: &[(&str, &str, &[u8])]) -> Answer {
        let mut body: Vec<u8> = Vec::new();
        for (name, value) in fields {
            body.extend(
                format!("--line\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").into_bytes(),
            );
        }
        for (name, file, content) in files {
            let head = format!(
                "--line\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file}\"\r\nContent-Type: application/octet-stream\r\n\r\n"
            );
            body.extend(head.into_bytes());
            body.extend_from_slice(content);
            body.extend(b"\r\n");
        }
        body.extend(b"--line--\r\n");
        let request = Request::builder()
            .method(Method::POST)
            .uri(quoted(path))
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=line")
            .header("sec-fetch-site", "same-origin")
            .body(Body::from(body))
            .unwrap();
        self.send(request).await
    }
}

/// A path with its Chinese characters quoted, as a browser sends it.
pub fn quoted(path: &str) -> String {
    path.bytes()
        .map(|byte| if byte.is_ascii() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

pub fn quoted_part(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
