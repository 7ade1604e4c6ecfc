//! Values as messages quote them: the words are those of the Python package, which writes values as its language does.

use serde_json::Value;

/// Longer quotes are cut.
const SHOWN_CHARACTERS: usize = 80;

/// A value of a row.
pub(super) fn shown(value: &Value) -> String {
    if let Value::String(text) = value {
        return cut(quoted(&text.chars().take(SHOWN_CHARACTERS).collect::<String>()));
    }
    if value.is_null() {
        return "null".to_owned();
    }
    let mut text = String::new();
    write(value, &mut text);
    cut(text)
}

fn cut(text: String) -> String {
    if text.chars().nth(SHOWN_CHARACTERS).is_none() {
        return text;
    }
    text.chars().take(SHOWN_CHARACTERS - 3).chain("...".chars()).collect()
}

/// Stops when there is more than is shown.
fn write(value: &Value, into: &mut String) {
    match value {
        Value::Null => into.push_str("None"),
        Value::Bool(value) => into.push_str(if *value { "True" } else { "False" }),
        Value::Number(number) if number.is_f64() => into.push_str(&float(number.as_f64().unwrap_or_default())),
        Value::Number(number) => into.push_str(&number.to_string()),
        Value::String(text) => into.push_str(&quoted(text)),
        Value::Array(values) => {
            into.push('[');
            for (index, value) in values.iter().enumerate().take_while(|&(index, _)| index < SHOWN_CHARACTERS) {
                into.push_str(if index == 0 { "" } else { ", " });
                write(value, into);
            }
            into.push(']');
        }
        Value::Object(values) => {
            into.push('{');
            for (index, (name, value)) in values.iter().enumerate().take(SHOWN_CHARACTERS) {
                into.push_str(if index == 0 { "" } else { ", " });
                into.push_str(&quoted(name));
                into.push_str(": ");
                write(value, into);
            }
            into.push('}');
        }
    }
}

/// A text in quotes, with what cannot be printed as escapes.
pub(super) fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push(quote);
    for character in text.chars() {
        match character {
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            _ if character == quote => quoted.extend(['\\', quote]),
            _ if is_printable(character) => quoted.push(character),
            _ => match u32::from(character) {
                code @ ..0x100 => quoted.extend(format!("\\x{code:02x}").chars()),
                code @ ..0x1_0000 => quoted.extend(format!("\\u{code:04x}").chars()),
                code => quoted.extend(format!("\\U{code:08x}").chars()),
            },
        }
    }
    quoted.push(quote);
    quoted
}

fn is_printable(character: char) -> bool {
    let is_invisible = matches!(
        character,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{e000}'..='\u{f8ff}' | '\u{feff}'
    );
    character == ' ' || !(character.is_control() || character.is_whitespace() || is_invisible)
}

/// A number with the fewest digits that tell it from others.
fn float(number: f64) -> String {
    let magnitude = number.abs();
    if magnitude == 0.0 || (1e-4..1e16).contains(&magnitude) {
        return format!("{number:?}");
    }
    with_exponent(&format!("{number:e}"))
}

/// A number with 15 digits at most, and without those that do not count: `130`, `0.1`, `1e+20`.
pub(super) fn plain(number: f64) -> String {
    let text = format!("{number:.14e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let trimmed = |digits: &str| digits.trim_end_matches('0').trim_end_matches('.').to_owned();
    if !(-4..15).contains(&exponent) {
        return with_exponent(&format!("{}e{exponent}", trimmed(digits)));
    }
    let decimals = usize::try_from(14 - exponent).unwrap_or_default();
    let text = format!("{number:.decimals$}");
    if decimals > 0 { trimmed(&text) } else { text }
}

/// Writes the exponent of Rust as Python does: with its sign and two digits.
fn with_exponent(text: &str) -> String {
    let (digits, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
    format!("{digits}e{sign}{exponent:0>2}")
}

/// A number and its noun.
pub(super) fn counted(number: usize, noun: &str) -> String {
    if number == 1 { format!("{number} {noun}") } else { format!("{number} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_written_as_python_does() {
        let cases = [
            (json!("Age"), "'Age'"),
            (json!("it's"), "\"it's\""),
            (json!("a'\"b\n\u{7}\u{a0}é"), "'a\\'\"b\\n\\x07\\xa0é'"),
            (json!(true), "True"),
            (json!(130), "130"),
            (json!(2.0), "2.0"),
            (json!(1e22), "1e+22"),
            (json!(1.5e-7), "1.5e-07"),
            (json!([1, null, {"a": "b"}]), "[1, None, {'a': 'b'}]"),
            (json!(null), "null"),
        ];
        for (value, expected) in cases {
            assert_eq!(shown(&value), expected);
        }
        assert_eq!(shown(&json!("x".repeat(1000))).chars().count(), 80);
    }

    #[test]
    fn plain_numbers_have_the_digits_that_count() {
        let cases = [
            (0.0, "0"),
            (130.0, "130"),
            (0.1, "0.1"),
            (1e20, "1e+20"),
            (80.000_000_1, "80.0000001"),
            (-0.5, "-0.5"),
            (1.0 / 3.0, "0.333333333333333"),
            (123_456_789_012_345.0, "123456789012345"),
            (1e15, "1e+15"),
            (1.25e-5, "1.25e-05"),
            (9.999_999_999_999_999, "10"),
        ];
        for (number, expected) in cases {
            assert_eq!(plain(number), expected);
        }
    }
}
