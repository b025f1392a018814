//! What becomes of a password between the form and the archive. Few survive unchanged.

/// The password that an archive is really locked with, for one that was sent (and HTML-escaped on the
/// way in): its type is guessed, then it is put in a double-quoted shell string. None if that leaves
/// nothing; the server then makes one.
pub(super) fn effective(sent: &str) -> Option<String> {
    if sent.is_empty() || sent == "auto" {
        return None;
    }
    let password = in_shell_quotes(&guess_type(sent));
    (!password.is_empty()).then_some(password)
}

/// A password as the pipeline makes them: 5 upper, 5 lower, 2 digits and 2 signs, shuffled.
pub(super) fn random(rng: &mut fastrand::Rng) -> String {
    let mut letters: Vec<char> = Vec::with_capacity(14);
    for _ in 0..5 {
        letters.push(rng.uppercase());
        letters.push(rng.lowercase());
    }
    for _ in 0..2 {
        letters.push(rng.digit(10));
        letters.push(char::from(SIGNS[rng.usize(..SIGNS.len())]));
    }
    rng.shuffle(&mut letters);
    letters.into_iter().collect()
}

const SIGNS: &[u8] = b"!@#%&*()_+[]{};:.<>?-=";

/// Parameters are stored as JSON with guessed types, as Java's parsers see them.
fn guess_type(text: &str) -> String {
    if let Ok(number) = text.parse::<i32>() {
        return number.to_string();
    }
    // Java takes a type suffix after a decimal number, and is deaf to Rust's `inf` and `nan`.
    let number = text.strip_suffix(['d', 'D', 'f', 'F']).unwrap_or(text);
    let is_decimal = number.chars().all(|c| c.is_ascii_digit() || "+-.eE".contains(c));
    match number.parse::<f64>() {
        Ok(number) if is_decimal => java_double(number),
        _ if text.eq_ignore_ascii_case("true") => "true".to_owned(),
        _ if text.eq_ignore_ascii_case("false") => "false".to_owned(),
        _ => text.to_owned(),
    }
}

fn java_double(number: f64) -> String {
    if number == 0.0 || (1e-3..1e7).contains(&number.abs()) {
        return format!("{number:?}");
    }
    let text = format!("{number:E}");
    match text.split_once('E') {
        Some((digits, exponent)) if !digits.contains('.') => format!("{digits}.0E{exponent}"),
        _ => text,
    }
}

/// What a shell makes of text between double quotes.
fn in_shell_quotes(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' => match rest.next_if(|next| "$`\"\\".contains(*next)) {
                Some(escaped) => out.push(escaped),
                None => out.push('\\'),
            },
            // An unset variable, or a command without output.
            '$' => {
                let mut named = false;
                while rest.next_if(|next| next.is_ascii_alphanumeric() || *next == '_').is_some() {
                    named = true;
                }
                if !named {
                    out.push('$');
                }
            }
            '`' => while rest.next().is_some_and(|next| next != '`') {},
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_words_survive() {
        for (sent, used) in [
            ("GwAbc123xyz", Some("GwAbc123xyz")),
            ("0123", Some("123")),
            ("1e5", Some("100000.0")),
            ("1e9", Some("1.0E9")),
            ("12d", Some("12.0")),
            ("TRUE", Some("true")),
            ("in$ide", Some("in")),
            ("a`b`c", Some("ac")),
            ("a\\\\b", Some("a\\b")),
            ("a&amp;b", Some("a&amp;b")),
            ("infinity", Some("infinity")),
            ("auto", None),
            ("", None),
        ] {
            assert_eq!(effective(sent).as_deref(), used, "{sent}");
        }
    }

    #[test]
    fn random_passwords_have_the_shape_of_the_pipeline() {
        let password = random(&mut fastrand::Rng::with_seed(7));

        let count = |is: fn(&char) -> bool| password.chars().filter(is).count();
        assert_eq!(count(char::is_ascii_uppercase), 5);
        assert_eq!(count(char::is_ascii_lowercase), 5);
        assert_eq!(count(char::is_ascii_digit), 2);
        assert_eq!(password.len(), 14);
    }
}
