//! `duban send-test`: one letter that says it is a test, to a post or an address, past the outbox.

use std::io::Write;

use anyhow::bail;
use chrono::Utc;

use super::common::{Common, Unusable};
use super::open;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::unit::PostId;
use crate::engine::{Engine, Settings};
use crate::mail::{Address, Mailbox, Outcome, Outgoing, Transport, is_example_address, message_id, parse_address};
use crate::read::mail;

/// To whom.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// A post (质安处/liaison) or an address
    #[arg(long, value_name = "POST|ADDRESS")]
    pub to: String,
}

/// Sends it and says what became of it.
pub async fn run(common: &Common, args: &Args, out: &mut dyn Write) -> anyhow::Result<()> {
    let config = open::config(common)?;
    let transport = config.transport().map_err(Unusable::Transport)?;
    let to = if args.to.contains('@') {
        Mailbox::new("", parse_address(&args.to)?)
    } else {
        post(&open::engine_of(&config).await?, &args.to).await?
    };
    if transport.leaves_the_machine() && is_example_address(&to.address) {
        bail!("that is an example address: nobody would get it");
    }
    send(&config, &transport, to, out).await
}

async fn post(engine: &Engine, written: &str) -> anyhow::Result<Mailbox> {
    let Some(post) = PostId::parse(written) else {
        bail!("`{written}` is neither an address nor a post like 质安处/liaison");
    };
    let known = engine.known().await?;
    let Some(address) = known.address(&post, engine.today()) else { bail!("the post {post} has no address") };
    let address = parse_address(address)?;
    Ok(Mailbox::new(post.label(), address))
}

async fn send(config: &Config, transport: &Transport, to: Mailbox, out: &mut dyn Write) -> anyhow::Result<()> {
    let settings = config.settings();
    let letter = letter(&settings, to);
    let mut session = transport.session();
    let outcome = session.send(&letter).await;
    session.close().await;
    match outcome {
        Outcome::Sent { reply } => writeln!(out, "taken: {reply}\nMessage-ID: {}", letter.message_id)?,
        Outcome::Unknown { phase, reason } => {
            bail!("it may or may not have arrived ({}: {})", phase.code(), mail::english(reason))
        }
        Outcome::Refused { phase, reply, reason } => {
            bail!("refused ({}: {}): {reply}; {}", phase.code(), mail::english(reason), mail::remedy(reason))
        }
        Outcome::Deferred { phase, reply, reason } | Outcome::ConnectionDown { phase, reply, reason, .. } => {
            let (why, remedy) = (mail::english(reason), mail::remedy(reason));
            bail!("not sent ({}: {why}): {}; {remedy}", phase.code(), reply.unwrap_or_default())
        }
    }
    Ok(())
}

fn letter(settings: &Settings, to: Mailbox) -> Outgoing {
    let now = Clock::System.now();
    let from: &Address = &settings.from.address;
    let text = format!(
        "这是督办系统的一封测试邮件，收到即表示邮件通道正常，无需回复。\n\n{}\n联系：{}\n",
        settings.signature, settings.contact
    );
    let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let paragraphs: Vec<String> =
        text.lines().filter(|line| !line.is_empty()).map(|line| format!("<p>{}</p>", escape(line))).collect();
    let row = format!("test-{}-{:08x}", now.timestamp(), rand::random::<u32>());
    Outgoing {
        message_id: message_id(&row, from),
        from: settings.from.clone(),
        reply_to: settings.reply_to.clone(),
        to,
        subject: "【测试】督办系统邮件通道测试".into(),
        text,
        html: paragraphs.join("\n"),
        date: fixed(settings, now),
        in_reply_to: None,
    }
}

fn fixed(settings: &Settings, now: chrono::DateTime<Utc>) -> chrono::DateTime<chrono::FixedOffset> {
    settings.zone.local(now).fixed_offset()
}
