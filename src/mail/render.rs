//! Wording: from a letter's values to subject, text and HTML. A subject is the template `<letter>/subject.txt`.
//!
//! The templates are embedded; files of the same names in a folder override them, so that the office can change the
//! wording without a rebuild. An undefined name is an error, values are escaped in HTML, and what a subject may not be
//! is refused here, whatever a template says. Rendering never panics: a bad row or template is an error value.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde_json::{Value, json};

use super::letter::{DigestContext, LetterContext};
use super::template_error::{RenderError, TemplateError, TemplateErrors};
use super::values::{clean, digest_lists, digest_summary, extend, letter_extras};
use crate::domain::letter::LetterKind;
use crate::domain::text;

/// The most characters a subject has (字).
pub const SUBJECT_CHARS: usize = 30;

/// A letter in words. `text` and `html` say the same and may hold
/// [`LINK_PLACEHOLDER`](crate::mail::link::LINK_PLACEHOLDER).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// One line of at most 30 characters, kind first.
    pub subject: String,
    pub text: String,
    pub html: String,
}

const BUILT_IN: [(&str, &str); 23] = [
    ("base/items.txt", include_str!("templates/base/items.txt")),
    ("base/items.html", include_str!("templates/base/items.html")),
    ("base/letter.txt", include_str!("templates/base/letter.txt")),
    ("base/letter.html", include_str!("templates/base/letter.html")),
    ("base/page.html", include_str!("templates/base/page.html")),
    ("today/subject.txt", include_str!("templates/today/subject.txt")),
    ("today/body.txt", include_str!("templates/today/body.txt")),
    ("today/body.html", include_str!("templates/today/body.html")),
    ("chase/subject.txt", include_str!("templates/chase/subject.txt")),
    ("chase/body.txt", include_str!("templates/chase/body.txt")),
    ("chase/body.html", include_str!("templates/chase/body.html")),
    ("supervise/subject.txt", include_str!("templates/supervise/subject.txt")),
    ("supervise/body.txt", include_str!("templates/supervise/body.txt")),
    ("supervise/body.html", include_str!("templates/supervise/body.html")),
    ("event/subject.txt", include_str!("templates/event/subject.txt")),
    ("event/body.txt", include_str!("templates/event/body.txt")),
    ("event/body.html", include_str!("templates/event/body.html")),
    ("digest/subject.txt", include_str!("templates/digest/subject.txt")),
    ("digest/body.txt", include_str!("templates/digest/body.txt")),
    ("digest/body.html", include_str!("templates/digest/body.html")),
    ("entry/subject.txt", include_str!("templates/entry/subject.txt")),
    ("entry/body.txt", include_str!("templates/entry/body.txt")),
    ("entry/body.html", include_str!("templates/entry/body.html")),
];

/// One line of what [`Templates::check`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    pub kind: LetterKind,
    /// With which sample: `full`, `bare`, `empty`.
    pub sample: &'static str,
    /// The letter, or why it cannot be worded.
    pub result: Result<Rendered, RenderError>,
}

#[derive(Debug)]
pub struct Templates {
    env: Environment<'static>,
    overridden: BTreeMap<String, PathBuf>,
}

impl Templates {
    /// The embedded templates, with the files of `folder` (`<letter>/subject.txt`, `body.txt`, `body.html`, or
    /// `base/…`) over them. Every file must be known, parse, and render all sample values; all mistakes are told at
    /// once.
    pub fn load(folder: Option<&Path>) -> Result<Templates, TemplateErrors> {
        let mut sources: BTreeMap<String, String> =
            BUILT_IN.iter().map(|(name, source)| ((*name).to_owned(), (*source).to_owned())).collect();
        let mut overridden = BTreeMap::new();
        let mut errors = Vec::new();
        if let Some(folder) = folder {
            for (name, path) in override_files(folder, &mut errors) {
                match fs::read_to_string(&path) {
                    Ok(source) => {
                        sources.insert(name.clone(), source);
                        overridden.insert(name, path);
                    }
                    Err(error) => errors.push(file_error(&path, &error.to_string())),
                }
            }
        }
        let mut templates = Templates { env: environment(), overridden };
        for (name, source) in sources {
            if let Err(error) = templates.env.add_template_owned(name.clone(), source) {
                errors.push(templates.locate(&name, &error));
            }
        }
        if errors.is_empty() {
            errors = templates.sample_errors();
        }
        if errors.is_empty() { Ok(templates) } else { Err(TemplateErrors(errors)) }
    }

    pub fn letter(&self, context: &LetterContext) -> Result<Rendered, RenderError> {
        if context.kind == LetterKind::Digest {
            return Err(RenderError::WrongKind);
        }
        let bare = context.sections.is_empty() && context.kind != LetterKind::Entry;
        if bare || context.sections.iter().any(|section| section.items.is_empty()) {
            return Err(RenderError::Empty);
        }
        let mut values = clean(context)?;
        extend(&mut values, context.link, letter_extras(context));
        self.render(context.kind, &values)
    }

    /// Words the digest; an empty one is a letter too.
    pub fn digest(&self, context: &DigestContext) -> Result<Rendered, RenderError> {
        let mut values = clean(context)?;
        let lists = digest_lists(context, &values);
        extend(&mut values, context.link, json!({ "lists": lists, "summary": digest_summary(context) }));
        self.render(LetterKind::Digest, &values)
    }

    /// Renders every letter with sample values.
    pub fn check(&self) -> Vec<Checked> {
        let mut all = Vec::new();
        for kind in LetterKind::ALL.iter().copied() {
            if kind == LetterKind::Digest {
                all.push(Checked { kind, sample: "full", result: self.digest(&DigestContext::sample()) });
                all.push(Checked { kind, sample: "empty", result: self.digest(&DigestContext::sample_empty()) });
            } else {
                all.push(Checked { kind, sample: "full", result: self.letter(&LetterContext::sample(kind)) });
                all.push(Checked { kind, sample: "bare", result: self.letter(&LetterContext::sample_bare(kind)) });
            }
        }
        all
    }

    /// The names of the templates that files override, with their files.
    pub fn overridden(&self) -> impl Iterator<Item = (&str, &Path)> {
        self.overridden.iter().map(|(name, path)| (name.as_str(), path.as_path()))
    }

    fn sample_errors(&self) -> Vec<TemplateError> {
        let mut errors = Vec::new();
        for checked in self.check() {
            let error = match checked.result {
                Ok(rendered) => match forbidden_html(&rendered.html) {
                    Some(what) => self.error_in(checked.kind, "body.html", format!("{what} is not shown by webmail")),
                    None => continue,
                },
                Err(RenderError::Template(error)) => error,
                Err(error) => self.error_in(checked.kind, "body.txt", error.to_string()),
            };
            if !errors.contains(&error) {
                errors.push(error);
            }
        }
        errors
    }

    fn render(&self, kind: LetterKind, values: &Value) -> Result<Rendered, RenderError> {
        // Read once, used by every part.
        let values = minijinja::Value::from(minijinja::value::Serde(values));
        let part = |file: &str| {
            let name = format!("{}/{file}", kind.code());
            let render = || self.env.get_template(&name)?.render(values.clone());
            render().map_err(|error| self.locate(&name, &error))
        };
        let subject = text::one_line(&part("subject.txt")?);
        let text = part("body.txt")?;
        let html = part("body.html")?.trim_start().to_owned();
        let subject = checked_subject(kind, &subject).map_err(|what| self.error_in(kind, "subject.txt", what))?;
        if !html.starts_with('<') {
            return Err(self.error_in(kind, "body.html", "does not begin with a tag".into()).into());
        }
        if text.trim_start().starts_with('<') {
            return Err(self.error_in(kind, "body.txt", "begins with a tag".into()).into());
        }
        Ok(Rendered { subject, text: tidy(&text), html })
    }

    fn error_in(&self, kind: LetterKind, file: &str, message: String) -> TemplateError {
        TemplateError { file: self.file_of(&format!("{}/{file}", kind.code())), line: None, message }
    }

    fn locate(&self, name: &str, error: &minijinja::Error) -> TemplateError {
        // The innermost cause knows the line: an error in an included file is wrapped by each file that includes it.
        let mut inner = error;
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            if let Some(cause) = cause.downcast_ref::<minijinja::Error>() {
                inner = cause;
            }
            source = cause.source();
        }
        let message = match inner.detail() {
            Some(detail) => format!("{}: {detail}", inner.kind()),
            None => inner.kind().to_string(),
        };
        TemplateError { file: self.file_of(inner.name().unwrap_or(name)), line: inner.line(), message }
    }

    fn file_of(&self, name: &str) -> String {
        self.overridden.get(name).map_or_else(|| name.to_owned(), |path| path.display().to_string())
    }
}

fn environment() -> Environment<'static> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    // Tags on lines of their own leave no empty lines behind.
    if let Ok(syntax) = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build() {
        env.set_syntax(syntax);
    }
    env.set_auto_escape_callback(|name| {
        if Path::new(name).extension().is_some_and(|ending| ending == "html") {
            AutoEscape::Html
        } else {
            AutoEscape::None
        }
    });
    env
}

/// The files of an override folder by template name; what does not belong there is an error.
fn override_files(folder: &Path, errors: &mut Vec<TemplateError>) -> Vec<(String, PathBuf)> {
    let known: BTreeSet<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
    let mut files = Vec::new();
    for path in entries(folder, errors) {
        if !path.is_dir() {
            errors.push(file_error(&path, "unknown file; templates stand in folders, as today/body.txt"));
            continue;
        }
        for file in entries(&path, errors) {
            let name = [&path, &file].map(|path| path.file_name().unwrap_or_default().to_string_lossy().into_owned());
            let name = name.join("/");
            if known.contains(name.as_str()) && file.is_file() {
                files.push((name, file));
            } else {
                let known = known.iter().copied().collect::<Vec<_>>().join(", ");
                errors.push(file_error(&file, &format!("unknown template; known are {known}")));
            }
        }
    }
    files
}

fn entries(folder: &Path, errors: &mut Vec<TemplateError>) -> Vec<PathBuf> {
    let read = || fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>();
    match read() {
        Ok(mut paths) => {
            paths.sort();
            paths
        }
        Err(error) => {
            errors.push(file_error(folder, &error.to_string()));
            Vec::new()
        }
    }
}

fn file_error(path: &Path, message: &str) -> TemplateError {
    TemplateError { file: path.display().to_string(), line: None, message: message.to_owned() }
}

/// What a subject may be: the kind first, no 清单 but on the digest, no exclamation mark, cut at 30 characters.
fn checked_subject(kind: LetterKind, subject: &str) -> Result<String, String> {
    let head = format!("【{}】", kind.label());
    if !subject.starts_with(&head) {
        return Err(format!("a subject of this letter begins with {head}"));
    }
    if kind != LetterKind::Digest && subject.contains("清单") {
        return Err("清单 stands in no subject but the digest's".into());
    }
    if subject.contains(['!', '！']) {
        return Err("a subject has no exclamation mark".into());
    }
    if let Some((_, c, _)) = text::first_forbidden(subject) {
        return Err(format!("character U+{:04X} in a subject", u32::from(c)));
    }
    if subject.chars().count() <= SUBJECT_CHARS {
        return Ok(subject.to_owned());
    }
    let cut: String = subject.chars().take(SUBJECT_CHARS - 1).collect();
    Ok(format!("{cut}…"))
}

/// What webmail drops or blocks, if the page uses it.
fn forbidden_html(html: &str) -> Option<&'static str> {
    let html = html.to_ascii_lowercase();
    ["<style", "<script", "<link", "<img", "<iframe", " class=", "position:", "float:", "url("]
        .into_iter()
        .find(|what| html.contains(what))
}

/// No more than one empty line in a row, no spaces at line ends.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut empty = true;
    for line in text.lines().map(str::trim_end) {
        if line.is_empty() && empty {
            continue;
        }
        empty = line.is_empty();
        out.push_str(line);
        out.push('\n');
    }
    out
}
