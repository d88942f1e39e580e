//! The ways out. One closed enum, no trait: there are three, and whoever adds a fourth has to say what each of its
//! answers means.

use super::file::FileOutbox;
use super::memory::MemoryOutbox;
use super::message::Outgoing;
use super::outcome::{Outcome, Probe};
use super::smtp::{Smtp, SmtpSession};

/// Where letters go. Cheap to clone.
#[derive(Debug, Clone)]
pub enum Transport {
    Smtp(Smtp),
    File(FileOutbox),
    Memory(MemoryOutbox),
}

impl Transport {
    /// The name in configuration and logs.
    pub fn name(&self) -> &'static str {
        match self {
            Transport::Smtp(_) => "smtp",
            Transport::File(_) => "file",
            Transport::Memory(_) => "memory",
        }
    }

    /// Whether letters leave this machine, so that example addresses must not stand in the roster.
    pub fn leaves_the_machine(&self) -> bool {
        matches!(self, Transport::Smtp(_))
    }

    /// A session for a batch of letters. Sessions may run side by side, each with one connection at most; the
    /// transport bounds how many connections there are.
    pub fn session(&self) -> Session {
        match self {
            Transport::Smtp(smtp) => Session(AnySession::Smtp(Box::new(smtp.session()))),
            Transport::File(file) => Session(AnySession::File(file.clone())),
            Transport::Memory(memory) => Session(AnySession::Memory(memory.clone())),
        }
    }

    /// Tries the way out without a letter: connect, EHLO, TLS, AUTH, QUIT; or whether the folder can be written.
    pub async fn probe(&self) -> Result<Probe, Outcome> {
        let facts = match self {
            Transport::Smtp(smtp) => return smtp.probe().await,
            Transport::File(file) => {
                file.probe().await?;
                vec![format!("folder: {}", file.folder().display())]
            }
            Transport::Memory(_) => vec!["memory".to_owned()],
        };
        Ok(Probe { facts })
    }
}

/// One worker's way out: sends letters one after the other.
#[derive(Debug)]
pub struct Session(AnySession);

#[derive(Debug)]
enum AnySession {
    Smtp(Box<SmtpSession>),
    File(FileOutbox),
    Memory(MemoryOutbox),
}

impl Session {
    /// Sends one letter and says what is known of it. Never panics and never takes longer than the transport's total
    /// limit. Dropped half-way, it leaves no connection that another letter could meet.
    pub async fn send(&mut self, letter: &Outgoing) -> Outcome {
        match &mut self.0 {
            AnySession::Smtp(smtp) => smtp.send(letter).await,
            AnySession::File(file) => file.send(letter).await,
            AnySession::Memory(memory) => memory.send(letter),
        }
    }

    /// Takes leave of the server, if there is one.
    pub async fn close(self) {
        if let AnySession::Smtp(smtp) = self.0 {
            smtp.close().await;
        }
    }
}
