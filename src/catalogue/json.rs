//! JSON with positions, for files that others write.

use super::diagnostic::{At, Report};
use super::mistake::layout::{JsonFault, LayoutFault};

/// Deeper nesting is refused.
const DEEPEST: usize = 32;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// As written.
    Number(String),
    /// Unescaped.
    Text(String),
    /// `[…]`
    List(Vec<At<Json>>),
    /// `{…}`
    Table(Vec<(String, At<Json>)>),
}

impl Json {
    /// The value of a key; of two, the later.
    pub fn get(&self, key: &str) -> Option<&At<Json>> {
        match self {
            Json::Table(entries) => entries.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }
}

/// Parses the file; the first syntax error is reported, and then there is no value.
pub fn parse(report: &mut Report<'_>) -> Option<At<Json>> {
    let mut parser = Parser { text: report.source().text(), at: 0 };
    let parsed = parser.value(0).and_then(|value| {
        parser.blanks();
        if parser.at < parser.text.len() { Err(JsonFault::TextAfterEnd) } else { Ok(value) }
    });
    match parsed {
        Ok(value) => Some(value),
        Err(fault) => {
            report.at(parser.at, LayoutFault::NotJson(fault));
            None
        }
    }
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
}

impl Parser<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
    }

    fn eat(&mut self, mark: char) -> bool {
        self.blanks();
        let found = self.rest().starts_with(mark);
        self.at += if found { mark.len_utf8() } else { 0 };
        found
    }

    fn value(&mut self, depth: usize) -> Result<At<Json>, JsonFault> {
        self.blanks();
        let at = self.at;
        if depth > DEEPEST {
            return Err(JsonFault::TooDeep);
        }
        let value = match self.rest().chars().next() {
            Some('{') => self.table(depth)?,
            Some('[') => self.list(depth)?,
            Some('"') => Json::Text(self.text()?),
            Some('-' | '0'..='9') => self.number(),
            _ => self.word()?,
        };
        Ok(At::new(value, at))
    }

    fn word(&mut self) -> Result<Json, JsonFault> {
        let words = [("true", Json::Bool(true)), ("false", Json::Bool(false)), ("null", Json::Null)];
        for (word, value) in words {
            if self.rest().starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(JsonFault::NoValue)
    }

    fn number(&mut self) -> Json {
        let rest = self.rest();
        let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c)).unwrap_or(rest.len());
        let written = rest.get(..length).unwrap_or_default().to_owned();
        self.at += length;
        Json::Number(written)
    }

    fn list(&mut self, depth: usize) -> Result<Json, JsonFault> {
        self.at += 1;
        let mut items = Vec::new();
        if self.eat(']') {
            return Ok(Json::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.eat(']') {
                return Ok(Json::List(items));
            }
            if !self.eat(',') {
                return Err(JsonFault::NoCommaInList);
            }
        }
    }

    fn table(&mut self, depth: usize) -> Result<Json, JsonFault> {
        self.at += 1;
        let mut entries = Vec::new();
        if self.eat('}') {
            return Ok(Json::Table(entries));
        }
        loop {
            self.blanks();
            if !self.rest().starts_with('"') {
                return Err(JsonFault::NoKey);
            }
            let key = self.text()?;
            if !self.eat(':') {
                return Err(JsonFault::NoColon);
            }
            entries.push((key, self.value(depth + 1)?));
            if self.eat('}') {
                return Ok(Json::Table(entries));
            }
            if !self.eat(',') {
                return Err(JsonFault::NoCommaInTable);
            }
        }
    }

    /// A text from its opening quote on; its escapes are left to the JSON library.
    fn text(&mut self) -> Result<String, JsonFault> {
        let rest = self.rest();
        let mut escaped = false;
        for (at, c) in rest.char_indices().skip(1) {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => {
                    let quoted = rest.get(..=at).unwrap_or_default();
                    let text = serde_json::from_str(quoted).map_err(|_| JsonFault::WrongEscape)?;
                    self.at += at + 1;
                    return Ok(text);
                }
                '\n' => break,
                _ => {}
            }
        }
        Err(JsonFault::UnclosedText)
    }
}
