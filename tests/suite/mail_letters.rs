//! What letters look like: wording, subjects, sameness of text and HTML, hostile values, overrides, foreign parsers.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use chrono::DateTime;
use mail_parser::{MessageParser, MimeHeaders, PartType};
use proptest::prelude::*;

use duban::domain::letter::LetterKind;
use duban::domain::text::first_forbidden;
use duban::mail::{
    DigestContext, LINK_PLACEHOLDER, LetterContext, LetterItem, LetterSection, MAX_LINE, Mailbox, Outgoing,
    RenderError, Rendered, SUBJECT_CHARS, SectionKind, Templates, fill_link, message_id, parse_address,
};

const LETTERS: [LetterKind; 4] = [LetterKind::Today, LetterKind::Chase, LetterKind::Supervise, LetterKind::Event];

static TEMPLATES: LazyLock<Templates> =
    LazyLock::new(|| Templates::load(None).unwrap_or_else(|errors| panic!("{errors}")));

fn templates() -> &'static Templates {
    &TEMPLATES
}

/// Every sample, rendered.
fn samples() -> Vec<(LetterKind, Rendered)> {
    templates().check().into_iter().map(|checked| (checked.kind, checked.result.unwrap())).collect()
}

fn outgoing(n: usize, rendered: &Rendered, url: Option<&str>) -> Outgoing {
    let from = parse_address("duban@cq.gov.cn").unwrap();
    Outgoing {
        message_id: message_id(&n.to_string(), &from),
        from: Mailbox::new("市住房城乡建委安全生产委员会办公室督办系统", from),
        reply_to: Some(Mailbox::new("委安委办", parse_address("zhiban@cq.gov.cn").unwrap())),
        to: Mailbox::new("市建设工程质量安全管理总站分管负责人", parse_address("zongzhan@cq.gov.cn").unwrap()),
        subject: rendered.subject.clone(),
        text: fill_link(&rendered.text, url),
        html: fill_link(&rendered.html, url),
        date: DateTime::parse_from_rfc3339("2022-10-31T09:00:00+08:00").unwrap(),
        in_reply_to: Some("<6.duban@cq.gov.cn>".into()),
    }
}

/// The words of a page, without tags and space.
fn words(html: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            c if !inside => out.push(c),
            _ => {}
        }
    }
    let out = out.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#x27;", "'");
    out.replace("&#x2f;", "/").replace("&amp;", "&").split_whitespace().collect()
}

fn squeeze(text: &str) -> String {
    text.split_whitespace().collect()
}

#[test]
fn subjects_keep_their_rules() {
    for (kind, letter) in samples() {
        let subject = &letter.subject;
        assert!(subject.starts_with(&format!("【{}】", kind.label())), "{subject}");
        assert!(subject.chars().count() <= SUBJECT_CHARS, "{subject}");
        assert_eq!(subject.contains("清单"), kind == LetterKind::Digest, "{subject}");
        assert!(!subject.contains(['!', '！', '\n']), "{subject}");
    }
}

#[test]
fn subjects_say_what_matters_and_are_cut_where_they_must() {
    let templates = templates();
    let subject = |letter: &LetterContext| templates.letter(letter).unwrap().subject;
    assert_eq!(
        subject(&LetterContext::sample_bare(LetterKind::Chase)),
        "【催办】第9项第1条，时限10月30日（周日）24:00"
    );
    let mut many = LetterContext::sample(LetterKind::Supervise);
    many.sections[0].items =
        vec![LetterItem { days_overdue: Some(12), ..LetterItem::sample_missed() }, LetterItem::sample_missed()];
    assert_eq!(subject(&many), "【督办】2项逾期未办，最长12日");
    let mut long = LetterContext::sample_bare(LetterKind::Event);
    long.sections[0].items[0].clause_label = "很长的依据".repeat(10);
    assert_eq!(subject(&long).chars().count(), SUBJECT_CHARS);
    assert!(subject(&long).ends_with('…'));
    assert_eq!(subject(&LetterContext::sample(LetterKind::Event)), "【事件】1项逾期未办，请即办理");
    assert_eq!(
        subject(&LetterContext::sample_bare(LetterKind::Event)),
        "【事件】第43项第1条，时限10月31日（周一）16:30"
    );
    let digest = |digest: &DigestContext| templates.digest(digest).unwrap().subject;
    assert_eq!(digest(&DigestContext::sample()), "【督办清单】2022年10月31日（周一）新增逾期1项");
    assert_eq!(digest(&DigestContext::sample_empty()), "【督办清单】2022年10月31日（周一）今日无新增逾期");
}

#[test]
fn a_letter_follows_the_order_of_office_papers() {
    for kind in LETTERS {
        let letter = templates().letter(&LetterContext::sample(kind)).unwrap();
        let text = fill_link(&letter.text, Some("https://duban.cq.gov.cn/"));
        let mut from = 0;
        for part in
            ["质安处联络员：", "依据", "一、", "时限：", "办理入口：", "联系方式：", "办公室\n", "2022年10月31日"]
        {
            let at = text[from..].find(part).unwrap_or_else(|| panic!("{part} after {from}\n{text}"));
            from += at + part.len();
        }
    }
}

#[test]
fn text_and_html_say_the_same() {
    for (kind, letter) in samples() {
        let (text, html) = (squeeze(&letter.text), words(&letter.html));
        // The link stands twice in HTML, as a link and in words; markers are the same in both.
        for sentence in letter.text.lines().map(squeeze).filter(|line| !line.contains("DUBAN-LINK")) {
            for piece in sentence.split(['；', '：']).filter(|piece| !piece.is_empty()) {
                // Labels of the text are column heads in HTML.
                assert!(html.contains(piece), "{kind:?}: {piece} is in the text only\n{}", letter.html);
            }
        }
        let cells = letter.html.replace("</p>", "</td>").replace("<br>", "</td>");
        for row in cells.split("</td>").map(words).filter(|cell| !cell.is_empty()) {
            for piece in row.split(['；', '：', '.']).filter(|piece| piece.chars().count() > 3) {
                assert!(text.contains(piece) || piece.contains("DUBAN"), "{kind:?}: {piece} is in HTML only\n{text}");
            }
        }
    }
}

#[test]
fn every_item_stands_in_both_parts_with_all_it_has() {
    let mut all = Vec::new();
    for kind in LETTERS {
        let context = LetterContext::sample(kind);
        let rendered = templates().letter(&context).unwrap();
        let items = context.sections.into_iter().flat_map(|section| section.items).chain(context.context_rows);
        all.push((rendered, items.collect::<Vec<_>>()));
    }
    let digest = DigestContext::sample();
    let rendered = templates().digest(&digest).unwrap();
    let lists = [digest.new_misses, digest.standing, digest.proposals, digest.waiting_review, digest.extensions];
    let items = lists.into_iter().flatten().chain(digest.disputes).chain(digest.unreminded).collect();
    all.push((rendered, items));
    for (rendered, items) in all {
        for item in items {
            let optional = [
                item.missing,
                item.basis_note,
                item.note,
                item.days_overdue.filter(|n| *n > 0).map(|n| format!("逾期{n}日")),
            ];
            let fields = [
                item.duty,
                item.clause_label,
                item.title,
                item.owners,
                item.period_label,
                item.due_label,
                item.light_word,
            ];
            for field in fields.into_iter().chain(optional.into_iter().flatten()) {
                assert!(rendered.text.contains(&field), "{field} is not in the text");
                assert!(rendered.html.contains(&field), "{field} is not in HTML");
            }
        }
    }
}

#[test]
fn html_is_what_webmail_shows() {
    for (kind, letter) in samples() {
        let html = letter.html.to_lowercase();
        for bad in ["<style", " class=", " id=", "float", "position", "<img", "<script", "<link", "url(", "<div"] {
            assert!(!html.contains(bad), "{kind:?}: {bad}");
        }
        assert!(letter.html.contains("'Microsoft YaHei',SimSun"), "{kind:?}");
        assert!(letter.html.contains("max-width:640px"), "{kind:?}");
        for (before, _) in letter.html.match_indices("<b style=\"color:") {
            let word = letter.html[before..].split_once('>').unwrap().1;
            assert!(!word.starts_with('<'), "a colour without a word");
        }
    }
}

#[test]
fn an_empty_digest_reports_zero() {
    let digest = templates().digest(&DigestContext::sample_empty()).unwrap();
    for part in [&digest.text, &digest.html] {
        for words in ["今日无新增逾期，无持续逾期", "无待办理事项", "无。", "正常，无中断。"]
        {
            assert!(part.contains(words), "{words}\n{part}");
        }
    }
    assert!(!digest.text.contains("DUBAN-LINK"));
}

#[test]
fn a_letter_without_items_is_not_written() {
    let templates = templates();
    let mut empty = LetterContext::sample(LetterKind::Today);
    empty.sections.clear();
    assert_eq!(templates.letter(&empty), Err(RenderError::Empty));
    empty.sections = vec![LetterSection::new(SectionKind::DueToday, Vec::new())];
    assert_eq!(templates.letter(&empty), Err(RenderError::Empty));
    let digest = LetterContext { kind: LetterKind::Digest, ..LetterContext::sample(LetterKind::Today) };
    assert_eq!(templates.letter(&digest), Err(RenderError::WrongKind));
}

#[test]
fn the_gravest_section_names_the_letter() {
    let section = |kind| LetterSection::new(kind, vec![LetterItem::sample()]);
    let cases = [
        (vec![SectionKind::DueToday, SectionKind::Overdue], LetterKind::Today),
        (vec![SectionKind::DueToday, SectionKind::Chase], LetterKind::Chase),
        (vec![SectionKind::Chase, SectionKind::Supervise, SectionKind::DueSoon], LetterKind::Supervise),
        (vec![SectionKind::Event], LetterKind::Event),
    ];
    for (sections, expected) in cases {
        let sections: Vec<_> = sections.into_iter().map(section).collect();
        assert_eq!(LetterContext::gravest(&sections), Some(expected));
    }
    assert_eq!(LetterContext::gravest(&[]), None);
}

#[test]
fn links_are_filled_or_leave_no_trace() {
    let url = "https://duban.cq.gov.cn/u/1?a=1&b=2";
    for kind in LETTERS {
        let letter = templates().letter(&LetterContext::sample(kind)).unwrap();
        assert!(letter.text.contains(LINK_PLACEHOLDER) && letter.html.contains(LINK_PLACEHOLDER));
        assert!(fill_link(&letter.text, Some(url)).contains(&format!("办理入口：{url}\n")));
        let html = fill_link(&letter.html, Some(url));
        assert!(html.contains("<a href=\"https://duban.cq.gov.cn/u/1?a=1&amp;b=2\""), "{html}");
        assert!(html.contains(">https://duban.cq.gov.cn/u/1?a=1&amp;b=2</a>"), "{html}");
        for body in [&letter.text, &letter.html] {
            let filled = fill_link(body, Some(url));
            let without = fill_link(body, None);
            assert!(!filled.contains("DUBAN") && !without.contains("DUBAN"));
            assert!(!without.contains("办理入口") && !without.contains("http") && !without.contains("<a "));
            assert!(without.contains("联系方式"));
        }
        let never = templates().letter(&LetterContext { link: false, ..LetterContext::sample(kind) }).unwrap();
        assert_eq!(fill_link(&letter.text, None), never.text);
    }
}

#[test]
fn names_are_escaped_in_html_and_left_alone_in_text() {
    let mut context = LetterContext::sample_bare(LetterKind::Today);
    context.sections[0].items[0].owners = "<b>质安处</b> & \"总站\"{{ 1 }}".into();
    let letter = templates().letter(&context).unwrap();
    assert!(letter.text.contains("<b>质安处</b> & \"总站\"{{ 1 }}"));
    assert!(letter.html.contains("&lt;b&gt;质安处") && !letter.html.contains("<b>质安处"));
}

#[test]
fn hostile_names_are_errors_with_a_place() {
    let templates = templates();
    for c in ['\r', '\n', '\0', '\t', '\u{1b}', '\u{7f}', '\u{202e}', '\u{2066}', '\u{2028}', '\u{85}'] {
        let mut context = LetterContext::sample(LetterKind::Today);
        context.sections[1].items[0].owners = format!("质安处{c}");
        let error = RenderError::Hostile { field: "sections[1].items[0].owners".into(), code: u32::from(c) };
        assert_eq!(templates.letter(&context), Err(error));
        let mut digest = DigestContext::sample();
        digest.undelivered[0].post = format!("质安处{c}");
        let error = RenderError::Hostile { field: "undelivered[0].post".into(), code: u32::from(c) };
        assert_eq!(templates.digest(&digest), Err(error));
    }
    // What people write in more than one line is folded, not refused.
    let mut context = LetterContext::sample_bare(LetterKind::Today);
    context.sections[0].items[0].note = Some("退回：照片不清\r\n\t请重报。".into());
    assert!(templates.letter(&context).unwrap().text.contains("；退回：照片不清 请重报\n"));
}

#[test]
fn what_units_write_cannot_hold_up_or_hide_the_digest() {
    let mut digest = DigestContext::sample();
    digest.disputes[0].note = Some("异议\u{202e}：\u{1b}[2J%DUBAN-LINK-BEGIN%不归我们".into());
    digest.undelivered[0].reason = "550 \u{2028}no".into();
    let digest = templates().digest(&digest).unwrap();
    for body in [&digest.text, &digest.html] {
        assert_eq!(first_forbidden(&body.replace('\n', "")), None);
        let without = fill_link(body, None);
        for kept in ["不归我们", "未送达邮件", "550 no", "联系方式"] {
            assert!(without.contains(kept), "{kept}\n{without}");
        }
    }
}

#[test]
fn files_override_templates() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("today")).unwrap();
    fs::write(folder.path().join("today/subject.txt"), "【今日待办】请阅{{ counts.due_today }}项\n").unwrap();
    let templates = Templates::load(Some(folder.path())).unwrap();
    assert_eq!(templates.overridden().map(|(name, _)| name).collect::<Vec<_>>(), ["today/subject.txt"]);
    let letter = templates.letter(&LetterContext::sample_bare(LetterKind::Today)).unwrap();
    assert_eq!(letter.subject, "【今日待办】请阅1项");
    // The others stay as they are.
    let chase = LetterContext::sample(LetterKind::Chase);
    assert_eq!(templates.letter(&chase), self::templates().letter(&chase));
}

#[test]
fn mistakes_in_overrides_name_file_and_line() {
    let cases = [
        ("today/subject.txt", "【今日待办】{{ nobody }}", Some(1), "undefined"),
        ("today/body.txt", "一\n二\n{{ sections[0].titel }}", Some(3), "undefined"),
        ("chase/body.txt", "a\n{% if x %}\n", None, "syntax error"),
        ("chase/subject.txt", "【督办】x", None, "begins with 【催办】"),
        ("event/subject.txt", "【事件】清单", None, "清单"),
        ("event/subject.txt", "【事件】速办！", None, "exclamation"),
        ("supervise/body.html", "no tag", None, "does not begin with a tag"),
        ("digest/body.html", "<p class=\"x\">x</p>", None, "class="),
        ("base/items.html", "<p>\n{{ 1 / 'a' }}", Some(2), ""),
        ("today/footer.txt", "x", None, "unknown template"),
        ("readme.md", "x", None, "unknown file"),
    ];
    for (name, source, line, message) in cases {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, source).unwrap();
        let errors = Templates::load(Some(folder.path())).expect_err(name);
        let error = &errors.0[0];
        assert_eq!(error.file, path.display().to_string(), "{name}: {errors}");
        if line.is_some() {
            assert_eq!(error.line, line, "{name}: {errors}");
        }
        assert!(error.message.contains(message), "{name}: {errors}");
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["today", "chase"] {
        fs::create_dir(folder.path().join(name)).unwrap();
        fs::write(folder.path().join(name).join("subject.txt"), "{{").unwrap();
    }
    fs::write(folder.path().join("x"), "").unwrap();
    let errors = Templates::load(Some(folder.path())).unwrap_err();
    assert_eq!(errors.0.len(), 3, "{errors}");
    assert_eq!(Templates::load(Some(&folder.path().join("missing"))).unwrap_err().0.len(), 1);
}

#[test]
fn messages_read_back_as_written() {
    for (n, (kind, rendered)) in samples().into_iter().enumerate() {
        let letter = outgoing(n, &rendered, Some("https://duban.cq.gov.cn/?a=1&b=2"));
        let bytes = letter.build().unwrap();
        assert!(bytes.is_ascii());
        for line in bytes.split(|&b| b == b'\n') {
            assert!(line.len() <= MAX_LINE + 1);
        }
        let message = MessageParser::default().parse(&bytes).unwrap();
        assert_eq!(message.subject(), Some(rendered.subject.as_str()));
        assert_eq!(message.from().unwrap().first().unwrap().name(), Some(letter.from.name.as_str()));
        assert_eq!(message.to().unwrap().first().unwrap().name(), Some(letter.to.name.as_str()));
        assert_eq!(message.to().unwrap().first().unwrap().address(), Some("zongzhan@cq.gov.cn"));
        assert_eq!(message.message_id(), Some(format!("{n}.duban@cq.gov.cn").as_str()));
        assert_eq!(message.in_reply_to().as_text(), Some("6.duban@cq.gov.cn"));
        assert_eq!(message.date().unwrap().to_rfc3339(), "2022-10-31T09:00:00+08:00");
        assert_eq!(message.parts.len(), 3, "{kind:?}");
        for (part, expected) in [(1, &letter.text), (2, &letter.html)] {
            let part = &message.parts[part];
            assert_eq!(part.content_type().and_then(|kind| kind.attribute("charset")), Some("utf-8"));
            let (PartType::Text(body) | PartType::Html(body)) = &part.body else { panic!("{kind:?}") };
            assert_eq!(squeeze(body), squeeze(expected), "{kind:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever stands in a name: an error or a letter that reads back, never a panic, never a header more.
    #[test]
    fn no_name_breaks_a_letter(name in "\\PC{0,40}|.{0,40}|[\\s\\S]{0,40}|=\\?utf-8\\?[bq]\\?.{0,20}\\?=", n in 0..4usize) {
        let mut context = LetterContext::sample(LETTERS[n]);
        context.recipient.clone_from(&name);
        context.sections[0].items[0].title.clone_from(&name);
        context.sections[0].items[0].clause_label.clone_from(&name);
        let rendered = templates().letter(&context);
        prop_assert_eq!(first_forbidden(&name).is_some(), matches!(rendered, Err(RenderError::Hostile { .. })));
        let plain = templates().letter(&LetterContext::sample(LETTERS[n])).unwrap();
        let mut letter = outgoing(1, &rendered.unwrap_or(plain), None);
        letter.to.name.clone_from(&name);
        let Ok(bytes) = letter.build() else {
            prop_assert!(first_forbidden(&name).is_some());
            return Ok(());
        };
        let message = MessageParser::default().parse(&bytes).unwrap();
        let names: Vec<_> = message.headers().iter().map(|header| header.name().to_owned()).collect();
        prop_assert_eq!(names.len(), 12, "{:?}", names);
        prop_assert_eq!(message.to().unwrap().first().unwrap().address(), Some("zongzhan@cq.gov.cn"));
        let lines_fit = bytes.split(|&b| b == b'\n').all(|line| line.len() <= MAX_LINE + 1);
        prop_assert!(lines_fit);
    }
}

const FOREIGN: &str = r#"
import sys, json, email, email.policy
m = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)
defects = [str(d) for p in m.walk() for d in p.defects] + [str(d) for h in m.values() for d in getattr(h, "defects", [])]
text, html = m.get_body(("plain",)).get_content(), m.get_body(("html",)).get_content()
sys.stdout.reconfigure(encoding="utf-8")
print(json.dumps({"defects": defects, "subject": m["subject"], "auto": m["auto-submitted"], "to": m["to"].addresses[0].addr_spec,
                  "date": m["date"].datetime.isoformat(), "text": text, "html": html, "count": len(m.get_all("date"))}))
"#;

#[test]
fn a_foreign_parser_finds_no_defects() {
    let python = Command::new("python3").arg("--version").output();
    assert!(python.is_ok(), "python3 is needed: tests/run installs it");
    for (n, (kind, rendered)) in samples().into_iter().enumerate() {
        let letter = outgoing(n, &rendered, None);
        let mut python =
            Command::new("python3").args(["-c", FOREIGN]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        python.stdin.take().unwrap().write_all(&letter.build().unwrap()).unwrap();
        let output = python.wait_with_output().unwrap();
        assert!(output.status.success());
        let read: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(read["defects"], serde_json::json!([]), "{kind:?}");
        assert_eq!(read["subject"], rendered.subject);
        assert_eq!(read["auto"], "auto-generated");
        assert_eq!(read["to"], "zongzhan@cq.gov.cn");
        assert_eq!((&read["date"], &read["count"]), (&"2022-10-31T09:00:00+08:00".into(), &1.into()));
        assert_eq!(squeeze(read["text"].as_str().unwrap()), squeeze(&letter.text));
        assert_eq!(squeeze(read["html"].as_str().unwrap()), squeeze(&letter.html));
    }
}
