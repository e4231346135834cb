//! Where a text that means to be JSON stops being it. Files are read as YAML, of which JSON is a part; but what
//! YAML misses in a broken one may stand far from the place to mend.

use super::super::{At, Code, Note};

const CODE: Code = Code::NotYaml;

/// Returns whether a text begins as JSON does, with a bracket and something in quotes, a bracket or nothing in
/// it, and is no list of YAML documents.
pub(in crate::text) fn is_meant(text: &str) -> bool {
    let rest = text.trim_start_matches('\u{feff}').trim_start();
    let inside = rest.strip_prefix(['{', '[']).map(str::trim_start);
    !text.contains("\n---")
        && inside.is_some_and(|it| it.is_empty() || it.starts_with(['"', '{', '[', '}', ']', '/']))
}

/// Returns what is first wrong with a text that means to be JSON; nothing where only YAML has an objection.
pub(in crate::text) fn problem(file: u32, text: &str) -> Option<Note> {
    let mut scan = Scan { file, text, at: 0, open: Vec::new() };
    scan.run().err()
}

struct Scan<'t> {
    file: u32,
    text: &'t str,
    at: usize,
    /// Brackets that are open, and where.
    open: Vec<(char, usize)>,
}

/// What may come next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    Value,
    /// After an opening bracket or a comma: the bracket may close, which YAML takes after a comma too.
    ItemOrEnd,
    Colon,
    CommaOrEnd,
}

impl Scan<'_> {
    fn run(&mut self) -> Result<(), Note> {
        if self.text.starts_with('\u{feff}') {
            self.at = '\u{feff}'.len_utf8();
        }
        let mut next = Next::Value;
        let mut is_key = false;
        loop {
            self.blanks()?;
            let Some(it) = self.peek() else { return self.ended(next) };
            match (next, it) {
                (Next::CommaOrEnd, _) if self.open.is_empty() => {
                    let note = Note::error(CODE, "text after the end of the JSON", self.word(), "unexpected");
                    return Err(note.help("a JSON file holds one value; check for a bracket too many"));
                }
                (Next::CommaOrEnd, ',') => {
                    self.at += 1;
                    is_key = self.is_in_map();
                    next = Next::ItemOrEnd;
                }
                (Next::CommaOrEnd | Next::ItemOrEnd, '}' | ']') => {
                    self.close(it)?;
                    next = Next::CommaOrEnd;
                }
                (Next::CommaOrEnd, '"') if self.follows_quote() => return Err(self.after_quote()),
                (Next::CommaOrEnd, ':') if !self.is_in_map() => {
                    let note =
                        Note::error(CODE, "a `:` in a list", self.character(self.at), "unexpected here");
                    return Err(self.inside(note).help("write `{ \"key\": value }` for an item with keys"));
                }
                (Next::CommaOrEnd, '"' | '{' | '[' | '0'..='9' | '-' | 't' | 'f' | 'n')
                    if self.is_new_line() =>
                {
                    let end = self.text[..self.at].trim_end().len();
                    let note = Note::error(CODE, "a comma is missing", self.character(end), "after this");
                    let note = note.and(self.word(), "before this");
                    return Err(note.help("separate entries by commas"));
                }
                (Next::CommaOrEnd, _) if self.follows_quote() => return Err(self.after_quote()),
                (Next::CommaOrEnd, _) => {
                    let note = Note::error(CODE, "a comma is missing", self.word(), "before this");
                    return Err(note.help("separate entries by commas"));
                }
                (Next::Colon, ':') => {
                    self.at += 1;
                    (next, is_key) = (Next::Value, false);
                }
                (Next::Colon, _) => {
                    let note =
                        Note::error(CODE, "a key without a colon", self.word(), "expected `:` before this");
                    return Err(note.help("write `\"key\": value`"));
                }
                (Next::Value | Next::ItemOrEnd, '"') => {
                    self.string()?;
                    next = if is_key { Next::Colon } else { Next::CommaOrEnd };
                }
                (Next::ItemOrEnd, ',') | (Next::Value, ',' | '}' | ']') => {
                    let note = Note::error(
                        CODE,
                        "a value is missing",
                        self.character(self.at),
                        "expected before this",
                    );
                    return Err(self.inside(note).help("write a value, or take the comma or key out"));
                }
                (Next::Value | Next::ItemOrEnd, '{' | '[') if !is_key => {
                    self.open.push((it, self.at));
                    self.at += 1;
                    (next, is_key) = (Next::ItemOrEnd, it == '{');
                }
                (Next::Value | Next::ItemOrEnd, _) if is_key => {
                    let note = Note::error(CODE, "a key without quotes", self.word(), "expected `\"`");
                    return Err(self.inside(note).help("write keys of JSON in double quotes"));
                }
                (Next::Value | Next::ItemOrEnd, _) => {
                    self.scalar()?;
                    next = Next::CommaOrEnd;
                }
            }
        }
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn is_in_map(&self) -> bool {
        self.open.last().is_some_and(|(it, _)| *it == '{')
    }

    /// Steps over blanks, and over comments of YAML, which are taken as they are.
    fn blanks(&mut self) -> Result<(), Note> {
        loop {
            let rest = &self.text[self.at..];
            self.at += rest.len() - rest.trim_start().len();
            let rest = &self.text[self.at..];
            if rest.starts_with('#') {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with("//") || rest.starts_with("/*") {
                let note = Note::error(CODE, "JSON has no comments", self.word(), "a comment begins here");
                return Err(note.help("take it out, or begin it with `#`, as in YAML"));
            } else {
                return Ok(());
            }
        }
    }

    fn close(&mut self, it: char) -> Result<(), Note> {
        let here = self.character(self.at);
        match self.open.pop() {
            Some((open, _)) if closing(open) == it => {
                self.at += 1;
                Ok(())
            }
            Some((open, at)) => {
                let note = Note::error(CODE, format!("`{open}` is closed by `{it}`"), here, "closed here");
                let note = note.and(self.character(at), "opened here");
                Err(note.help(format!("add the missing `{}`, or take a bracket out", closing(open))))
            }
            None => {
                Err(Note::error(CODE, "a closing bracket without an opening one", here, "nothing to close"))
            }
        }
    }

    /// The text is over.
    fn ended(&self, next: Next) -> Result<(), Note> {
        let Some((open, at)) = self.open.last() else {
            return match next {
                Next::CommaOrEnd => Ok(()),
                Next::Value | Next::ItemOrEnd | Next::Colon => {
                    Err(Note::error(CODE, "the JSON has no value", self.last(), "the file ends here"))
                }
            };
        };
        let note = Note::error(CODE, format!("`{open}` is not closed"), self.last(), "the file ends here");
        let missing: String = self.open.iter().rev().map(|(it, _)| closing(*it)).collect();
        let note = note.and(self.character(*at), "opened here");
        Err(note.help(format!("the file may be cut off; what is missing ends in `{missing}`")))
    }

    fn string(&mut self) -> Result<(), Note> {
        let start = self.at;
        let mut escaped = false;
        for (at, it) in self.text[start + 1..].char_indices() {
            match it {
                '\n' | '\r' => break,
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => {
                    self.at = start + 1 + at + 1;
                    return Ok(());
                }
                _ => {}
            }
        }
        let line_end = self.text[start..].find(['\n', '\r']).map_or(self.text.len(), |it| start + it);
        let end = start + self.text[start..line_end].trim_end().len();
        let note = Note::error(CODE, "a quote is not closed", self.character(start), "opened here");
        let note = note.and(self.character(self.before(end)), "the line ends here");
        Err(note.help("close it with `\"`; write a line break inside a text as `\\n`"))
    }

    /// Steps over a number or word. YAML knows more words than JSON, and takes them as text.
    fn scalar(&mut self) -> Result<(), Note> {
        let rest = &self.text[self.at..];
        let end = rest.find([',', '}', ']', '{', '[', '"', ':', '\n', '\r']).unwrap_or(rest.len());
        let end = rest[..end].find(" #").unwrap_or(end);
        let word = rest[..end].trim_end();
        let is_json = matches!(word, "true" | "false" | "null")
            || word.starts_with('\'') && word.len() > 1 && word.ends_with('\'')
            || serde_json::from_str::<serde_json::Number>(word).is_ok();
        if is_json {
            self.at += word.len();
            return Ok(());
        }
        let note =
            Note::error(CODE, "a value without quotes", self.word(), "no number, `true`, `false` or `null`");
        Err(note.help("write text in double quotes"))
    }

    /// Whether a text in quotes ended just before, without a line break between.
    fn follows_quote(&self) -> bool {
        self.text[..self.at].trim_end_matches([' ', '\t']).ends_with('"')
    }

    fn after_quote(&self) -> Note {
        let note =
            Note::error(CODE, "text after a closing quote", self.word(), "the quoted text ended before this");
        note.help("write a quote inside a text as `\\\"`, or separate entries by a comma")
    }

    /// Whether a line break stands between the last value and here.
    fn is_new_line(&self) -> bool {
        let before = &self.text[..self.at];
        before[before.trim_end().len()..].contains('\n')
    }

    fn inside(&self, note: Note) -> Note {
        match self.open.last() {
            Some((_, at)) => note.and(self.character(*at), "inside this"),
            None => note,
        }
    }

    fn place(&self, start: usize, end: usize) -> At {
        let narrow = |it: usize| u32::try_from(it).unwrap_or(u32::MAX);
        At { file: self.file, start: narrow(start), end: narrow(end) }
    }

    fn character(&self, at: usize) -> At {
        let at = at.min(self.text.len());
        self.place(at, at + self.text[at..].chars().next().map_or(0, char::len_utf8))
    }

    /// The word that begins here.
    fn word(&self) -> At {
        let rest = &self.text[self.at..];
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let end = rest.find([' ', '\t', '\r', '\n', ',', ':', '{', '}', '[', ']']).unwrap_or(rest.len());
        self.place(self.at, self.at + end.max(first))
    }

    /// The last character that is no blank.
    fn last(&self) -> At {
        self.character(self.before(self.text.trim_end().len()))
    }

    fn before(&self, end: usize) -> usize {
        self.text[..end].char_indices().next_back().map_or(0, |(at, _)| at)
    }
}

fn closing(open: char) -> char {
    if open == '[' { ']' } else { '}' }
}

#[cfg(test)]
mod tests {
    use super::{is_meant, problem};

    /// The title, and where the first mark stands: `line:column`.
    fn found(text: &str) -> String {
        let Some(note) = problem(0, text) else { return "nothing".to_owned() };
        let at = note.marks[0].at.start as usize;
        let line = text[..at].matches('\n').count() + 1;
        let column = at - text[..at].rfind('\n').map_or(0, |it| it + 1) + 1;
        format!("{line}:{column} {}", note.title)
    }

    #[test]
    fn the_first_thing_wrong_is_found_where_it_is_mended() {
        for (text, is) in [
            ("{\"a\": [1, -2.5e3, true, null, \"x\\\"\\n\"], \"b\": {}}\n", "nothing"),
            ("{\"a\": 1,\n \"b\": [1,],\n}", "nothing"),
            ("{\"a\": 1 # said so\n}", "nothing"),
            ("", "1:1 the JSON has no value"),
            ("{\n  \"a\": [\n    {\"b\": 1},\n    {\"c\": 2\n", "4:11 `{` is not closed"),
            ("{\"a\": \"x\"", "1:9 `{` is not closed"),
            ("{\n  \"a\": \"x,\n  \"b\": 1\n}", "2:8 a quote is not closed"),
            ("{\n  \"a: 1,\n  \"b\": 1\n}", "2:3 a quote is not closed"),
            ("{\n  \"a\": x\",\n  \"b\": 1\n}", "2:8 a value without quotes"),
            ("{\n  a\": 1\n}", "2:3 a key without quotes"),
            ("{\n  \"a\": 1\n  \"b\": 2\n}", "2:9 a comma is missing"),
            ("{\"a\": 1 \"b\": 2}", "1:9 a comma is missing"),
            ("{\"a\": \"say \"hi\" now\"}", "1:13 text after a closing quote"),
            ("{\"a\" 1}", "1:6 a key without a colon"),
            ("{\n  // why\n  \"a\": 1\n}", "2:3 JSON has no comments"),
            ("{\"a\": 1} /* why */", "1:10 JSON has no comments"),
            ("{\"a\": 1,, \"b\": 2}", "1:9 a value is missing"),
            ("{\"a\": , \"b\": 2}", "1:7 a value is missing"),
            ("{\"a\": [1, 2}", "1:12 `[` is closed by `}`"),
            ("{\"a\": 1}}", "1:9 text after the end of the JSON"),
            ("{\"a\": 1}\n{\"b\": 2}", "2:1 text after the end of the JSON"),
            ("{\"a\": [\"x\": 1]}", "1:11 a `:` in a list"),
            ("{\"a\": 'x', \"b\": True}", "1:17 a value without quotes"),
        ] {
            assert_eq!(found(text), is, "{text}");
        }
    }

    #[test]
    fn json_is_told_from_yaml() {
        for (text, is) in [
            ("{\"a\": 1}", true),
            ("\u{feff} [\n{}", true),
            ("{a: 1}", false),
            ("a: {\"b\": 1}", false),
            ("[*x]", false),
            ("{\"a\": 1}\n---\n{", false),
        ] {
            assert_eq!(is_meant(text), is, "{text}");
        }
    }

    #[test]
    fn every_prefix_of_json_is_broken_inside_of_itself() {
        let text = "{\"ä\": [1, {\"b\": \"c\\u00e4\"}, [], null],\r\n \"d\": {\"e\": -1.5}}";
        for end in (0..text.len()).filter(|it| text.is_char_boundary(*it)) {
            let note = problem(0, &text[..end]).expect("a part is not the whole");
            assert!(note.marks.iter().all(|it| it.at.end as usize <= end), "{end} {note:?}");
        }
    }
}
