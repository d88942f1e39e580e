//! The ways out that need no server: files and memory.

use std::fs;
use std::path::Path;

use chrono::DateTime;

use duban::mail::{
    FileOutbox, Mailbox, MemoryOutbox, Outcome, Outgoing, Reason, Scripted, Stage, Transport, message_id, parse_address,
};

fn letter(row: &str) -> Outgoing {
    let from = parse_address("duban@cq.gov.cn").unwrap();
    Outgoing {
        message_id: message_id(row, &from),
        from: Mailbox::new("督办系统", from),
        reply_to: None,
        to: Mailbox::new("质安处联络员", parse_address("zhian@cq.gov.cn").unwrap()),
        subject: "【今日待办】到期1项".into(),
        text: "一\n".into(),
        html: "<p>一</p>".into(),
        date: DateTime::parse_from_rfc3339("2022-10-31T09:00:00+08:00").unwrap(),
        in_reply_to: None,
    }
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn letters_become_files() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = folder.path().join("var/outbox");
    let mut session = Transport::File(FileOutbox::new(&outbox)).session();
    assert!(session.send(&letter("7")).await.is_sent());
    assert!(session.send(&letter("8")).await.is_sent());
    // Again, as after a crash: the same file.
    assert!(session.send(&letter("7")).await.is_sent());
    session.close().await;
    assert_eq!(names(&outbox), ["20221031T090000-7.duban_cq.gov.cn.eml", "20221031T090000-8.duban_cq.gov.cn.eml"]);
    assert_eq!(fs::read(outbox.join(&names(&outbox)[0])).unwrap(), letter("7").build().unwrap());
}

#[tokio::test]
async fn two_ids_never_meet_in_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = Transport::File(FileOutbox::new(folder.path()));
    let mut session = file.session();
    for id in ["<a_b@x.cn>", "<a+b@x.cn>", "<a@b_x.cn>", "<a.b@x.cn>"] {
        let letter = Outgoing { message_id: id.into(), ..letter("7") };
        assert!(session.send(&letter).await.is_sent(), "{id}");
    }
    let long = Outgoing { message_id: format!("<{}@x.cn>", "a".repeat(180)), ..letter("7") };
    assert!(session.send(&long).await.is_sent());
    assert_eq!(names(folder.path()).len(), 5);
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_stops_all_mail_and_alarms() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let transport = Transport::File(FileOutbox::new(file.join("outbox")));
    for outcome in [transport.session().send(&letter("7")).await, transport.probe().await.unwrap_err()] {
        let Outcome::ConnectionDown { phase, reason, alarm, .. } = outcome else { panic!("{outcome:?}") };
        assert_eq!((phase, reason, alarm), (Stage::File, Reason::Disk, true));
    }
}

#[tokio::test]
async fn probes_leave_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    Transport::File(FileOutbox::new(folder.path())).probe().await.unwrap();
    assert!(names(folder.path()).is_empty());
    Transport::Memory(MemoryOutbox::new()).probe().await.unwrap();
}

#[tokio::test]
async fn memory_keeps_letters_and_follows_its_script() {
    let memory = MemoryOutbox::new();
    let transport = Transport::Memory(memory.clone());
    let mut session = transport.session();
    let unknown = Outcome::Unknown { phase: Stage::AfterDot, reason: Reason::Dropped };
    let refused = Outcome::Refused { phase: Stage::Rcpt, reply: "550 no".into(), reason: Reason::Mailbox };
    memory.script(Scripted { outcome: unknown.clone(), delivered: true });
    memory.script(Scripted { outcome: refused.clone(), delivered: false });
    assert_eq!(session.send(&letter("1")).await, unknown);
    assert_eq!(session.send(&letter("2")).await, refused);
    assert!(session.send(&letter("3")).await.is_sent());
    let ids: Vec<_> = memory.drain().into_iter().map(|letter| letter.message_id).collect();
    assert_eq!(ids, ["<1.duban@cq.gov.cn>", "<3.duban@cq.gov.cn>"]);
    assert!(memory.is_empty());
}

#[tokio::test]
async fn a_poison_row_is_refused_by_every_transport() {
    let folder = tempfile::tempdir().unwrap();
    let poison = Outgoing { subject: "【今日待办】\r\nBcc: x@y.cn".into(), ..letter("1") };
    for transport in [Transport::File(FileOutbox::new(folder.path())), Transport::Memory(MemoryOutbox::new())] {
        let outcome = transport.session().send(&poison).await;
        assert!(matches!(outcome, Outcome::Refused { phase: Stage::Build, .. }), "{outcome:?}");
    }
    assert!(names(folder.path()).is_empty());
}

#[test]
fn nothing_that_can_be_logged_shows_an_address() {
    let memory = MemoryOutbox::new();
    assert!(memory.send(&letter("1")).is_sent());
    let delivered = memory.delivered();
    let shown = [
        format!("{:?}", letter("1")),
        format!("{:?}", letter("1").to),
        format!("{}", letter("1").to.address),
        format!("{:?}", delivered[0].to),
        format!("{delivered:?}"),
        format!("{memory:?}"),
    ];
    for shown in shown {
        assert!(!shown.contains("zhian@"), "{shown}");
    }
}
