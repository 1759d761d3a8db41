//! As much JSON as the tests need: the members of an object, each as the text that it has.

use std::collections::HashMap;

pub struct Object(HashMap<String, String>);

impl Object {
    pub fn parse(text: &str) -> Option<Object> {
        let mut rest = text.trim().strip_prefix('{')?.trim_start();
        let mut members = HashMap::new();
        while !rest.starts_with('}') {
            let (name, after) = split_value(rest)?;
            let (value, after) = split_value(after.trim_start().strip_prefix(':')?.trim_start())?;
            members.insert(unquoted(name)?, value.to_owned());
            rest = after.trim_start();
            rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
        }
        Some(Object(members))
    }

    /// The JSON text of a member.
    pub fn raw(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A member that is a text.
    pub fn text(&self, name: &str) -> Option<String> {
        unquoted(self.raw(name)?)
    }

    pub fn number(&self, name: &str) -> Option<i64> {
        self.raw(name)?.parse().ok()
    }
}

/// The value at the beginning, and what follows it.
fn split_value(text: &str) -> Option<(&str, &str)> {
    let (mut depth, mut is_quoted, mut is_escaped) = (0, false, false);
    for (at, c) in text.char_indices() {
        if is_quoted {
            match c {
                _ if is_escaped => is_escaped = false,
                '\\' => is_escaped = true,
                '"' => is_quoted = false,
                _ => {}
            }
            if !is_quoted && depth == 0 {
                return Some(text.split_at(at + 1));
            }
            continue;
        }
        match c {
            '"' => is_quoted = true,
            '{' | '[' => depth += 1,
            '}' | ']' if depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    return Some(text.split_at(at + 1));
                }
            }
            ',' | '}' | ']' | ' ' if depth == 0 => return Some(text.split_at(at)),
            _ => {}
        }
    }
    Some((text, ""))
}

fn unquoted(text: &str) -> Option<String> {
    let mut chars = text.strip_prefix('"')?.strip_suffix('"')?.chars();
    let mut units = Vec::new(); // escapes are UTF-16, in pairs where need be
    while let Some(c) = chars.next() {
        let plain = match c {
            '\\' => match chars.next()? {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                'b' => '\u{8}',
                'f' => '\u{c}',
                'u' => {
                    let digits: String = chars.by_ref().take(4).collect();
                    units.push(u16::from_str_radix(&digits, 16).ok()?);
                    continue;
                }
                other => other,
            },
            other => other,
        };
        units.extend_from_slice(plain.encode_utf16(&mut [0; 2]));
    }
    String::from_utf16(&units).ok()
}

pub fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
