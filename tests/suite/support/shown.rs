//! A page as words: what a person sees of it, a line a block, so that a change of wording is a change of a line.
//!
//! Buttons stand in 〔〕, fields in [] with what they hold, folded parts behind ▸; where links lead is not said.

use mail_parser::decoders::html::html_to_text;

/// Choices of a field that are all told; of a longer list only the chosen one and how many there are.
const CHOICES: usize = 10;

/// The words of a page below its menu.
pub fn shown(html: &str) -> String {
    words(html, "main").join("\n")
}

/// The words of its menu, on one line.
pub fn menu(html: &str) -> String {
    let lines = words(html, "header");
    lines.iter().map(|line| line.trim_start().trim_start_matches("- ")).collect::<Vec<_>>().join(" ")
}

fn words(html: &str, part: &str) -> Vec<String> {
    let (_, rest) = html.split_once(&format!("<{part}")).unwrap();
    let (part, _) = rest.split_once(&format!("</{part}>")).unwrap();
    let mut words = Words::default();
    let pieces = part.split_once('>').unwrap().1.split('<').enumerate();
    for (n, piece) in pieces {
        let text = if n == 0 { piece } else { words.tagged(piece) };
        words.text(text);
    }
    words.end_line();
    words.lines
}

#[derive(Default)]
struct Words {
    lines: Vec<String>,
    line: String,
    /// In how many folded parts and entries of lists it stands.
    depth: usize,
    /// With which tag what is left out ends.
    left_out: Option<&'static str>,
    /// The choices of a field, and which one is chosen.
    choices: Option<(Vec<String>, usize)>,
    /// How many cells the row has so far; outside of a table, none.
    cells: Option<usize>,
    as_typed: bool,
}

impl Words {
    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let marked = line.starts_with("- ") || line.starts_with("▸ ");
        if !line.trim().is_empty() {
            let depth = self.depth - usize::from(marked);
            self.lines.push(format!("{}{}", "  ".repeat(depth), line.trim_end()));
        }
    }

    fn text(&mut self, text: &str) {
        if self.left_out.is_some() {
        } else if let Some((choices, _)) = &mut self.choices {
            choices.last_mut().into_iter().for_each(|choice| choice.push_str(&html_to_text(text)));
        } else if self.as_typed {
            for line in text.lines() {
                let words = line.trim_start();
                self.line = format!("{}{}", &line[..line.len() - words.len()], html_to_text(words));
                self.end_line();
            }
        } else {
            self.blank(text.starts_with(char::is_whitespace) && !self.line.ends_with('：'));
            self.line.push_str(html_to_text(text).trim());
            self.blank(text.ends_with(char::is_whitespace));
        }
    }

    fn blank(&mut self, there: bool) {
        if there && !self.line.is_empty() && !self.line.ends_with(' ') {
            self.line.push(' ');
        }
    }

    fn begins(&mut self, mark: &str) {
        self.end_line();
        self.line.push_str(mark);
    }

    /// Takes up a tag; what is behind it is given back.
    fn tagged<'a>(&mut self, piece: &'a str) -> &'a str {
        let (tag, behind) = piece.split_once('>').unwrap();
        let name = tag.split_whitespace().next().unwrap();
        match self.left_out {
            Some(end) if end == name => self.left_out = None,
            Some(_) => {}
            None => self.tag(name, tag),
        }
        behind
    }

    fn tag(&mut self, name: &str, tag: &str) {
        match name {
            "h1" => self.begins("# "),
            "h2" => self.begins("## "),
            "svg" => self.begins("图："),
            "li" | "details" => {
                self.end_line();
                self.depth += 1;
                self.line.push_str(if name == "li" { "- " } else { "▸ " });
            }
            "/li" | "/details" => {
                self.end_line();
                self.depth -= 1;
            }
            "dd" => self.line.push_str(" | "),
            "td" | "th" => self.cell(),
            "tr" | "/tr" => {
                self.end_line();
                self.cells = (name == "tr").then_some(0);
            }
            "br" | "/title" if self.cells.is_some() || name == "/title" => self.blank(true),
            "title" | "desc" if self.line == "图：" => {}
            "span" if tag.contains("\"unseen\"") => self.left_out = Some("/span"),
            "p" if tag.ends_with(" hidden") => self.left_out = Some("/p"),
            "datalist" => self.left_out = Some("/datalist"),
            "a" if tag.contains("\"skip\"") => self.left_out = Some("/a"),
            "button" => self.line.push('〔'),
            "a" if tag.contains("\"button\"") => self.line.push('»'),
            "/button" => self.line.push('〕'),
            "input" => self.input(tag),
            "textarea" => self.line.push('['),
            "/textarea" => self.line.push(']'),
            "select" => self.choices = Some((Vec::new(), 0)),
            "option" => self.choice(tag.ends_with(" selected")),
            "/select" => self.chosen(),
            "text" => self.blank(true),
            "pre" | "/pre" => {
                self.end_line();
                self.as_typed = name == "pre";
            }
            // What begins an entry or a folded part goes on behind its mark.
            "p" | "div" | "form" if self.line == "- " || self.line == "▸ " => {}
            "p" | "/p" | "/h1" | "/h2" | "/summary" | "div" | "/div" | "ul" | "section" | "form" | "/form" | "dt"
            | "/dl" | "legend" | "/legend" | "/fieldset" | "caption" | "/caption" | "br" | "/svg" | "title"
            | "desc" | "/desc" => self.end_line(),
            _ => {}
        }
    }

    fn cell(&mut self) {
        if self.cells.is_some_and(|cells| cells > 0) {
            self.line.push_str(" | ");
        }
        self.cells = self.cells.map(|cells| cells + 1);
    }

    fn input(&mut self, tag: &str) {
        match attribute(tag, "type") {
            "hidden" => {}
            "checkbox" | "radio" => self.line.push(if tag.ends_with(" checked") { '☑' } else { '☐' }),
            "file" => self.line.push_str("[文件]"),
            _ => self.line.push_str(&format!("[{}]", html_to_text(attribute(tag, "value")))),
        }
    }

    fn choice(&mut self, is_chosen: bool) {
        if let Some((choices, chosen)) = &mut self.choices {
            *chosen = if is_chosen { choices.len() } else { *chosen };
            choices.push(String::new());
        }
    }

    fn chosen(&mut self) {
        let Some((choices, chosen)) = self.choices.take() else { return };
        let all = if choices.len() > CHOICES { format!("共{}项", choices.len()) } else { choices.join("｜") };
        self.line.push_str(&format!("[{}▾{all}]", choices[chosen]));
    }
}

/// The value of an attribute; of one that is not there, nothing.
fn attribute<'a>(tag: &'a str, name: &str) -> &'a str {
    let value = tag.split_once(&format!(" {name}=\"")).and_then(|(_, rest)| rest.split_once('"'));
    value.map_or("", |(value, _)| value)
}
