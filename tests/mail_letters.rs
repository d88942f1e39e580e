//! What letters look like: wording, subjects, sameness of text and HTML, hostile values, overrides.

use duban::mail::Templates;

#[test]
fn print_all() {
    let templates = Templates::load(None).unwrap_or_else(|e| panic!("{e}"));
    for checked in templates.check() {
        let r = checked.result.unwrap_or_else(|e| panic!("{:?} {}: {e}", checked.kind, checked.sample));
        println!("=== {:?} {}\n{}\n{}\n{}", checked.kind, checked.sample, r.subject, r.text, r.html);
    }
}
