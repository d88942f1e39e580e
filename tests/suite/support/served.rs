//! A console that listens, on a story's database and clock: what a real browser talks to.

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::browser::{Console, KEY, options};
use super::{BOTH, Kind, Story};
use duban::acts::entry;
use duban::catalogue::Seeds;
use duban::engine::link::Keys;
use duban::mail::Transport;
use duban::web::listen;

/// A story, and its console at an address.
pub struct World {
    pub story: Story,
    pub console: Console,
    /// `http://127.0.0.1:40000`, which stands in letters too.
    pub origin: String,
    /// For files that a browser picks.
    pub folder: tempfile::TempDir,
    stop: CancellationToken,
    server: JoinHandle<std::io::Result<()>>,
}

impl World {
    pub async fn begin(kind: Kind, begins: &str, seeds: &Seeds) -> Option<World> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let settings = duban::engine::Settings { public_url: Some(origin.clone()), ..super::settings() };
        let mut story = Story::begin_with(kind, begins, settings, seeds).await?;
        story.engine.keys = Some(Keys::parse(KEY).unwrap());
        story.engine.transport = Transport::Memory(story.mailbox.clone());
        let console = Console::of(&story);
        let stop = CancellationToken::new();
        let serve = listen::serve(listener, console.router.clone(), listen::Patience::default(), stop.clone());
        let server = tokio::spawn(serve);
        Some(World { story, console, origin, folder: tempfile::tempdir().unwrap(), stop, server })
    }

    pub async fn end(self) {
        self.stop.cancel();
        self.server.await.unwrap().unwrap();
        self.story.end().await;
    }

    /// The secret of a new session of a post.
    pub async fn secret(&self, post: &str) -> String {
        self.secret_of(post, "").await
    }

    /// As [`World::secret`], for these scopes alone.
    pub async fn secret_of(&self, post: &str, scopes: &str) -> String {
        let engine = &self.console.engine;
        entry::begin_session(engine, &super::post(post), "test", "test", scopes, options().spans).await.unwrap()
    }
}

/// Tells one story on each kind of database, with a console that listens.
pub async fn in_a_browser(begins: &str, seeds: &Seeds, story: impl AsyncFn(&mut World)) {
    for kind in BOTH {
        let Some(mut world) = World::begin(kind, begins, seeds).await else { continue };
        story(&mut world).await;
        world.end().await;
    }
}
