//! Broken configurations: each mistake is told with its place and what would be right, all of them at once; nothing is
//! started and no file is made.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// A configuration, and for each mistake in it its place and the words that must stand in the message.
struct Broken {
    text: &'static str,
    told: &'static [(&'static str, &'static str)],
}

const BROKEN: &[Broken] = &[
    Broken {
        text: "[mail]\nfrm = \"a@b.cn\"\n",
        told: &[("2:1", "unknown key `frm` in [mail]; did you mean `from`?")],
    },
    Broken { text: "[mial]\n", told: &[("1:2", "unknown key `mial` in the file; did you mean `mail`?")] },
    Broken { text: "zone = \"Asia/Shanghai\"\n", told: &[("1:1", "`zone` stands in [time]")] },
    Broken { text: "[office]\nhost = \"x\"\n", told: &[("2:1", "`host` stands in [mail.transport]")] },
    Broken { text: "[time]\nzone = \"Asia/Chongqin\"\n", told: &[("2:8", "is no time zone: `Asia/Chongqin`")] },
    Broken { text: "[time]\nzone = 8\n", told: &[("2:8", "`zone` is of type integer; it must be a text in quotes")] },
    Broken { text: "[time]\nstarts_on = 2026-02-30\n", told: &[("2:", "")] },
    Broken { text: "[time]\nstarts_on = \"2026-02-30\"\n", told: &[("2:13", "is no date")] },
    Broken { text: "[time]\nhorizon_days = 0\n", told: &[("2:16", "is 0; it must be from 1 to 400")] },
    Broken { text: "[time]\nhorizon_days = \"35\"\n", told: &[("2:16", "it must be a whole number")] },
    Broken { text: "[time]\nhorizon_days = -1\n", told: &[("2:16", "it must be from 1 to 400")] },
    Broken { text: "[mail]\nfrom = \"duban\"\n", told: &[("2:8", "`from` is no address")] },
    Broken { text: "[mail]\nreply_to = \"a＠b.cn\"\n", told: &[("2:12", "full-width")] },
    Broken { text: "[mail]\npace = 1\n", told: &[("2:8", "it must be a length of time in quotes")] },
    Broken { text: "[mail]\npace = \"1 second\"\n", told: &[("2:8", "is no length of time: `1 second`")] },
    Broken { text: "[mail]\nconnections = 99\n", told: &[("2:15", "it must be from 1 to 32")] },
    Broken { text: "[mail]\nfrom_name = \"a\\u202eb\"\n", told: &[("2:13", "U+202E")] },
    Broken { text: "[mail]\nlease = \"1m\"\n", told: &[("2:9", "`lease` is shorter than")] },
    Broken {
        text: "[mail.timeouts]\ntotal = \"1m\"\n",
        told: &[("", "`after_dot` is longer than `total`, which is 1m")],
    },
    Broken {
        text: "[mail]\ntransport = \"smtp\"\n",
        told: &[("2:13", "must be a table, begun by `[mail.transport]`")],
    },
    Broken { text: "[mail.transport]\nkind = \"sendmail\"\n", told: &[("2:8", "must be one of file, smtp")] },
    Broken {
        text: "[mail]\nfrom = \"d@cq.gov.cn\"\n[mail.transport]\nkind = \"smtp\"\n",
        told: &[("4:8", "needs `host`")],
    },
    Broken {
        text: "[mail.transport]\nkind = \"smtp\"\nhost = \"smtp.cq.gov.cn\"\n",
        told: &[("2:8", "`mail.from` is an example address")],
    },
    Broken { text: "[mail.transport]\nhost = \"smtp.cq.gov.cn\"\n", told: &[("2:8", "belongs to kind = \"smtp\"")] },
    Broken {
        text: "[mail]\nfrom = \"d@cq.gov.cn\"\n[mail.transport]\nkind = \"smtp\"\nhost = \"https://x\"\nfolder = \"x\"\n",
        told: &[("5:8", "neither a host name nor an IP address"), ("6:10", "belongs to kind = \"file\"")],
    },
    Broken {
        text: "[mail]\nfrom = \"d@cq.gov.cn\"\n[mail.transport]\nkind = \"smtp\"\nhost = \"h\"\nusername = \"u\"\ntls = \"none\"\n",
        told: &[("6:12", "no password"), ("6:12", "without TLS")],
    },
    Broken {
        text: "[mail]\nfrom = \"d@cq.gov.cn\"\n[mail.transport]\nkind = \"smtp\"\nhost = \"h\"\npassword_file = \"/no/such/file\"\n",
        told: &[("6:17", "no `username`"), ("6:17", "/no/such/file")],
    },
    Broken { text: "[database]\nurl = \"mysql://u:p@h/d\"\n", told: &[("2:7", "no address of a database")] },
    Broken { text: "[database]\nurl = \"sqlite::memory:\"\n", told: &[("2:7", "forgets everything")] },
    Broken {
        text: "[database]\nurl = \"sqlite:x\"\nurl_file = \"y\"\n",
        told: &[("2:7", "`url` and `url_file` are both given")],
    },
    Broken { text: "[console]\npublic_url = \"duban.cn\"\n", told: &[("2:14", "is no address of a page")] },
    Broken { text: "[evidence]\nlargest = \"50\"\n", told: &[("2:11", "is no size")] },
    Broken { text: "[alarm]\nmax_pass_age = \"1m\"\n", told: &[("2:16", "it must be from 10m")] },
    Broken { text: "[log]\nlevel = \"loud=very\"\n", told: &[("2:9", "is no filter")] },
    Broken { text: "[office]\nsignature = \"\"\n", told: &[("2:13", "is empty")] },
    Broken { text: "[trial]\nuntil = \"soon\"\n", told: &[("2:9", "is no date: `soon`")] },
    Broken { text: "[office\nsignature = 1\n", told: &[("1:", "not TOML")] },
    Broken { text: "[office]\ncontact = \"a\"\ncontact = \"b\"\n", told: &[("3:1", "not TOML")] },
];

fn duban(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_duban"));
    command.current_dir(folder).args(arguments).env_clear();
    command.output().unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn each_mistake_is_told_where_it_stands() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("duban.toml");
    for broken in BROKEN {
        fs::write(&file, broken.text).unwrap();
        let output = duban(folder.path(), &["serve", "--config", "duban.toml"]);
        let told = told(&output);
        assert_eq!(output.status.code(), Some(78), "{}\n{told}", broken.text);
        for (place, essence) in broken.told {
            let place = if place.is_empty() { String::new() } else { format!("duban.toml:{place}") };
            let found = told.lines().any(|line| line.starts_with(&place) && line.contains(essence));
            assert!(found, "{}\nwanted {place} … {essence}\ntold {told}", broken.text);
        }
        assert!(told.lines().count() <= broken.told.len() + 1, "{}\n{told}", broken.text);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "a refused start left something: {}", broken.text);
    }
}

#[test]
fn all_mistakes_at_once() {
    let folder = TempDir::new().unwrap();
    let text = "[time]\nzone = 1\nfoo = 2\n[mail]\nfrom = \"x\"\n[log]\nto = \"printer\"\n";
    fs::write(folder.path().join("a.toml"), text).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_duban"));
    command.current_dir(folder.path()).args(["check", "--config", "a.toml"]).env_clear();
    command.env("DUBAN__MAIL__BATCH", "0").env("DUBAN__TYPO", "1").env("DUBAN__OFFICE__CONTAKT", "x");
    let output = command.output().unwrap();
    let told = told(&output);
    assert_eq!(output.status.code(), Some(78));
    for line in [
        "a.toml:2:8: `zone`",
        "a.toml:3:1: unknown key `foo`",
        "a.toml:5:8: `from`",
        "a.toml:7:6: `to`",
        "environment variable DUBAN__MAIL__BATCH: its value is 0",
        "environment variable DUBAN__TYPO: there is no such key",
        "environment variable DUBAN__OFFICE__CONTAKT: there is no such key; did you mean DUBAN__OFFICE__CONTACT?",
    ] {
        assert!(told.lines().any(|told| told.starts_with(line)), "{line}\n{told}");
    }
    assert_eq!(told.lines().count(), 7, "{told}");
}

#[test]
fn what_is_wrong_with_configuration_and_seeds_is_told_together() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("a.toml"), "[mail]\nfrom = \"x\"\n").unwrap();
    let seeds = folder.path().join("seeds");
    fs::create_dir(&seeds).unwrap();
    for entry in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/seeds")).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), seeds.join(entry.file_name())).unwrap();
    }
    let duties = fs::read_to_string(seeds.join("duties.toml")).unwrap();
    fs::write(seeds.join("duties.toml"), duties.replacen("\"weekly\"", "\"weakly\"", 1)).unwrap();
    let output = duban(folder.path(), &["check", "--config", "a.toml", "--seeds", "seeds"]);
    assert_eq!(output.status.code(), Some(78));
    let told = told(&output);
    assert!(told.contains("a.toml:2:8: `from`") && told.contains("weakly"), "{told}");
}

#[test]
fn files_that_are_no_text() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("gbk.toml"), b"[office]\ncontact = \"\xd6\xca\xb0\xb2\"\n").unwrap();
    let output = duban(folder.path(), &["check", "--config", "gbk.toml"]);
    assert_eq!(output.status.code(), Some(78));
    assert!(told(&output).starts_with("gbk.toml:2:12: byte 0xD6 is not UTF-8"), "{}", told(&output));
    for missing in ["no-such.toml", "."] {
        let output = duban(folder.path(), &["check", "--config", missing]);
        assert_eq!(output.status.code(), Some(78), "{missing}");
        assert!(told(&output).starts_with(&format!("{missing}: ")), "{}", told(&output));
    }
}

#[test]
fn a_byte_order_mark_is_no_mistake() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("bom.toml"), "\u{feff}[office]\ncontact = \"值班室\"\n").unwrap();
    assert!(duban(folder.path(), &["check", "--config", "bom.toml"]).status.success());
}

#[test]
fn the_shipped_files_are_right() {
    let folder = TempDir::new().unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let default = shipped.join("default.toml");
    assert!(duban(folder.path(), &["check", "--config", default.to_str().unwrap()]).status.success());
    // The example takes the password from a credential, as the unit hands it over.
    fs::write(folder.path().join("smtp-password"), "x\n").unwrap();
    let production = shipped.join("production.toml");
    let mut command = Command::new(env!("CARGO_BIN_EXE_duban"));
    command.env_clear().env("CREDENTIALS_DIRECTORY", folder.path());
    let output = command.args(["check", "--config"]).arg(&production).output().unwrap();
    assert!(output.status.success(), "{}", told(&output));
    let text = fs::read_to_string(&production).unwrap();
    let significant = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')).count();
    assert!(significant <= 10, "{significant} lines");
}
