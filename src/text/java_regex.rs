//! Whether Java would compile a regular expression, which is how Keycloak reads the pattern of a policy.
//!
//! A reading of the syntax of `java.util.regex` as Java 17 and 21 have it, without matching anything. What it
//! does not know (names of Unicode properties, comments, unlimited look-behind) it says so: a false alarm
//! would be worse than none. The table in the tests was made by Java itself.

use std::collections::BTreeSet;

mod full_match;

pub use full_match::FullMatch;

/// What Java would say of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Compiles,
    /// It would not compile; `at` counts characters from 0.
    Broken {
        why: String,
        at: usize,
    },
    CannotTell,
}

/// Reads a pattern as Java does.
pub fn compile(pattern: &str) -> Verdict {
    let mut reader =
        Reader { chars: unquoted(pattern), next: 0, names: BTreeSet::new(), depth: 0, look_behind: 0 };
    let read = reader.alternatives().and_then(|()| match reader.peek() {
        None => Ok(()),
        Some(_) => reader.broken("a `)` that closes nothing"),
    });
    match read {
        Ok(()) => Verdict::Compiles,
        Err(Stop::Broken(why, at)) => Verdict::Broken { why, at },
        Err(Stop::CannotTell) => Verdict::CannotTell,
    }
}

enum Stop {
    Broken(String, usize),
    CannotTell,
}

type Read<T> = Result<T, Stop>;

#[derive(Clone, Copy)]
struct Char {
    is: char,
    /// It stood between `\Q` and `\E` and means itself.
    quoted: bool,
    /// Its place in the pattern as written.
    at: usize,
}

/// Takes `\Q` and `\E` away, as Java does before it reads anything.
fn unquoted(pattern: &str) -> Vec<Char> {
    let written: Vec<char> = pattern.chars().collect();
    let mut out = Vec::with_capacity(written.len());
    let mut quoted = false;
    let mut at = 0;
    while let Some(is) = written.get(at).copied() {
        match (quoted, is, written.get(at + 1)) {
            (false, '\\', Some('Q')) => {
                quoted = true;
                at += 2;
            }
            (true, '\\', Some('E')) => {
                quoted = false;
                at += 2;
            }
            (false, '\\', Some(second)) => {
                out.push(Char { is, quoted, at });
                out.push(Char { is: *second, quoted, at: at + 1 });
                at += 2;
            }
            _ => {
                out.push(Char { is, quoted, at });
                at += 1;
            }
        }
    }
    out
}

/// Nested deeper than this, a pattern is left to Java.
const DEEPEST: usize = 100;

struct Reader {
    chars: Vec<Char>,
    next: usize,
    names: BTreeSet<String>,
    depth: usize,
    look_behind: usize,
}

/// One thing in a character class or a sequence.
enum Item {
    One(char),
    Several,
}

impl Reader {
    /// The next character that has a meaning of its own; a quoted one reads as a plain letter.
    fn peek(&self) -> Option<char> {
        self.chars.get(self.next).map(|it| if it.quoted { 'q' } else { it.is })
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.next += usize::from(found);
        found
    }

    fn broken<T>(&self, why: impl Into<String>) -> Read<T> {
        let end = self.chars.last().map_or(0, |it| it.at + 1);
        Err(Stop::Broken(why.into(), self.chars.get(self.next).map_or(end, |it| it.at)))
    }

    fn alternatives(&mut self) -> Read<()> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Stop::CannotTell);
        }
        loop {
            self.sequence()?;
            if !self.eat('|') {
                break;
            }
        }
        self.depth -= 1;
        Ok(())
    }

    fn sequence(&mut self) -> Read<()> {
        while let Some(is) = self.peek() {
            let mut group = false;
            match is {
                '|' | ')' => return Ok(()),
                '*' | '+' | '?' => return self.broken(format!("`{is}` repeats nothing")),
                // Java lets a count stand alone.
                '{' => {}
                '(' => {
                    self.next += 1;
                    if !self.group()? {
                        continue;
                    }
                    group = true;
                }
                '[' => {
                    self.next += 1;
                    self.class()?;
                }
                '\\' => {
                    self.next += 1;
                    self.escape(false)?;
                }
                _ => self.next += 1,
            }
            self.repetition(group)?;
        }
        Ok(())
    }

    fn repetition(&mut self, group: bool) -> Read<()> {
        let unlimited = match self.peek() {
            Some('*' | '+') => {
                self.next += 1;
                true
            }
            Some('?') => {
                self.next += 1;
                false
            }
            Some('{') => {
                self.next += 1;
                self.count()?
            }
            _ => return Ok(()),
        };
        if unlimited && group && self.look_behind > 0 {
            return Err(Stop::CannotTell);
        }
        if !self.eat('?') {
            self.eat('+');
        }
        Ok(())
    }

    /// `2}`, `2,}` or `2,3}`; returns whether there is no end.
    fn count(&mut self) -> Read<bool> {
        if !self.peek().is_some_and(|it| it.is_ascii_digit()) {
            return self.broken("a repetition needs a number, as in `{2,3}`");
        }
        let least = self.number()?;
        let mut most = Some(least);
        if self.eat(',') {
            most = if self.peek() == Some('}') { None } else { Some(self.number()?) };
        }
        if !self.eat('}') {
            return self.broken("a repetition is not closed by `}`");
        }
        if most.is_some_and(|it| it < least) {
            return self.broken("a repetition ends before it begins");
        }
        Ok(most.is_none())
    }

    fn number(&mut self) -> Read<u32> {
        let mut number: u32 = 0;
        while let Some(digit) = self.peek().and_then(|it| it.to_digit(10)) {
            let grown = number.checked_mul(10).and_then(|it| it.checked_add(digit));
            match grown.filter(|it| i32::try_from(*it).is_ok()) {
                Some(it) => number = it,
                None => return self.broken("a repetition is too large"),
            }
            self.next += 1;
        }
        Ok(number)
    }

    /// After `(`. Returns whether there is something to repeat: `(?i)` is nothing.
    fn group(&mut self) -> Read<bool> {
        let mut behind = false;
        if self.eat('?') {
            match self.peek() {
                Some(':' | '=' | '!' | '>') => self.next += 1,
                Some('<') => {
                    self.next += 1;
                    behind = self.eat('=') || self.eat('!');
                    if !behind {
                        let name = self.name()?;
                        if self.names.contains(&name) {
                            return self.broken(format!("the group `{name}` is there twice"));
                        }
                        self.names.insert(name);
                    }
                }
                _ => {
                    if self.flags()? {
                        return Ok(false);
                    }
                }
            }
        }
        self.look_behind += usize::from(behind);
        self.alternatives()?;
        self.look_behind -= usize::from(behind);
        if self.eat(')') { Ok(true) } else { self.broken("a `(` is not closed") }
    }

    /// `i-s)` or `i-s:`; returns whether they stand alone.
    fn flags(&mut self) -> Read<bool> {
        let mut off = false;
        loop {
            match self.peek() {
                Some('-') if !off => off = true,
                // From here on white space and `#` would mean something else.
                Some('x') if !off => return Err(Stop::CannotTell),
                Some('i' | 'm' | 's' | 'd' | 'u' | 'c' | 'U' | 'x') => {}
                Some(')') => {
                    self.next += 1;
                    return Ok(true);
                }
                Some(':') => {
                    self.next += 1;
                    return Ok(false);
                }
                _ => return self.broken("not a kind of group that Java knows"),
            }
            self.next += 1;
        }
    }

    /// `name>`.
    fn name(&mut self) -> Read<String> {
        if !self.peek().is_some_and(|it| it.is_ascii_alphabetic()) {
            return self.broken("the name of a group begins with a letter");
        }
        let mut name = String::new();
        while let Some(is) = self.peek().filter(char::is_ascii_alphanumeric) {
            name.push(is);
            self.next += 1;
        }
        if self.eat('>') {
            Ok(name)
        } else {
            self.broken("the name of a group has letters and digits, then `>`")
        }
    }

    /// After `[`.
    fn class(&mut self) -> Read<()> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Stop::CannotTell);
        }
        self.eat('^');
        let mut is_empty = true;
        loop {
            match self.peek() {
                None => return self.broken("a `[` is not closed"),
                Some(']') if !is_empty => {
                    self.next += 1;
                    self.depth -= 1;
                    return Ok(());
                }
                Some('[') => {
                    self.next += 1;
                    self.class()?;
                }
                Some('&') if self.chars.get(self.next + 1).is_some_and(|it| it.is == '&' && !it.quoted) => {
                    self.next += 2;
                    if is_empty && self.peek() == Some(']') {
                        return Err(Stop::CannotTell);
                    }
                }
                Some(_) => {
                    if let Item::One(from) = self.class_item()? {
                        self.range(from)?;
                    }
                }
            }
            is_empty = false;
        }
    }

    fn range(&mut self, from: char) -> Read<()> {
        let after = self.chars.get(self.next + 1).map(|it| if it.quoted { 'q' } else { it.is });
        if self.peek() != Some('-') || matches!(after, Some('[' | ']') | None) {
            return Ok(());
        }
        self.next += 1;
        match self.class_item()? {
            Item::One(to) if from <= to => Ok(()),
            Item::One(_) | Item::Several => self.broken("a range ends before it begins"),
        }
    }

    fn class_item(&mut self) -> Read<Item> {
        if self.eat('\\') {
            return self.escape(true);
        }
        let is = self.chars.get(self.next).map_or('q', |it| it.is);
        self.next += 1;
        Ok(Item::One(is))
    }

    /// After `\`.
    fn escape(&mut self, class: bool) -> Read<Item> {
        let Some(is) = self.peek() else { return self.broken("a `\\` at the end escapes nothing") };
        self.next += 1;
        match is {
            'd' | 'D' | 'h' | 'H' | 's' | 'S' | 'v' | 'V' | 'w' | 'W' => Ok(Item::Several),
            'p' | 'P' => self.property(),
            'a' => Ok(Item::One('\u{7}')),
            'e' => Ok(Item::One('\u{1b}')),
            'f' => Ok(Item::One('\u{c}')),
            'n' => Ok(Item::One('\n')),
            'r' => Ok(Item::One('\r')),
            't' => Ok(Item::One('\t')),
            'c' => match self.chars.get(self.next) {
                Some(it) => {
                    self.next += 1;
                    Ok(Item::One(char::from_u32(u32::from(it.is) ^ 64).unwrap_or('q')))
                }
                None => self.broken("`\\c` needs a character"),
            },
            '0' => self.octal(),
            'x' => self.hexadecimal(2),
            'u' => self.hexadecimal(4),
            'N' => {
                if self.peek() == Some('{') {
                    Err(Stop::CannotTell)
                } else {
                    self.broken("`\\N` needs the name of a character")
                }
            }
            'A' | 'B' | 'G' | 'Z' | 'z' | 'R' | 'X' | '1'..='9' if !class => Ok(Item::Several),
            'b' if !class && self.peek() == Some('{') => Err(Stop::CannotTell),
            'b' if !class => Ok(Item::Several),
            'k' if !class => {
                if !self.eat('<') {
                    return self.broken("`\\k` needs the name of a group, as in `\\k<name>`");
                }
                let name = self.name()?;
                if self.look_behind > 0 {
                    return Err(Stop::CannotTell);
                }
                if self.names.contains(&name) {
                    Ok(Item::Several)
                } else {
                    self.broken(format!("there is no group `{name}` before this"))
                }
            }
            _ if is.is_ascii_alphanumeric() => {
                self.next -= 1;
                self.broken(format!("`\\{is}` means nothing"))
            }
            _ => Ok(Item::One(is)),
        }
    }

    fn octal(&mut self) -> Read<Item> {
        let mut code = 0;
        let mut digits = 0;
        while let Some(digit) = self.peek().and_then(|it| it.to_digit(8)) {
            // Up to `\0377`: a third digit only where that fits.
            if digits == 3 || (digits == 2 && code > 0o37) {
                break;
            }
            code = code * 8 + digit;
            digits += 1;
            self.next += 1;
        }
        if digits == 0 {
            return self.broken("`\\0` needs octal digits");
        }
        Ok(char::from_u32(code).map_or(Item::Several, Item::One))
    }

    fn hexadecimal(&mut self, digits: usize) -> Read<Item> {
        let braces = digits == 2 && self.eat('{');
        let mut code: u32 = 0;
        let mut read = 0;
        while let Some(digit) = self.peek().and_then(|it| it.to_digit(16)) {
            if !braces && read == digits {
                break;
            }
            code = code.saturating_mul(16).saturating_add(digit);
            read += 1;
            self.next += 1;
        }
        if read == 0 || (!braces && read < digits) {
            return self
                .broken(format!("`\\{}` needs hexadecimal digits", if digits == 2 { 'x' } else { 'u' }));
        }
        if braces && !self.eat('}') {
            return self.broken("`\\x{` is not closed by `}`");
        }
        match char::from_u32(code) {
            Some(is) => Ok(Item::One(is)),
            None if code > 0x10_FFFF => self.broken("there is no such character"),
            // Half of a surrogate pair, which only Java has.
            None => Err(Stop::CannotTell),
        }
    }

    /// After `\p`.
    fn property(&mut self) -> Read<Item> {
        let Some(first) = self.peek() else { return self.broken("`\\p` needs the name of a property") };
        self.next += 1;
        let mut name = String::new();
        if first == '{' {
            loop {
                match self.peek() {
                    None => return self.broken("`\\p{` is not closed by `}`"),
                    Some('}') => break,
                    Some(is) => name.push(is),
                }
                self.next += 1;
            }
            self.next += 1;
        } else {
            name.push(first);
        }
        if PROPERTIES.split(' ').any(|it| it == name) { Ok(Item::Several) } else { Err(Stop::CannotTell) }
    }
}

/// The properties that people use; Java knows many more.
const PROPERTIES: &str = "\
    ASCII Alnum Alpha Blank Cntrl Digit Graph IsAlphabetic IsDigit IsLatin IsLetter IsLowercase \
    IsPunctuation IsUppercase L Ll Lm Lo Lower Lt Lu M N Nd Nl No P Print Punct S Space Upper XDigit \
    Z Zs javaLowerCase javaUpperCase";

#[cfg(test)]
mod tests;
