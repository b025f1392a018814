//! The messages of a step as text for people: without markup, and without the archive's password, which
//! a server without e-mail prints into them. Pure.

use super::wire::{Message, Step};
use crate::backend::client::plain_text;

/// The messages of these kinds, in order, each as one text of one or more lines.
pub(super) fn of(step: &Step, kinds: &[i64]) -> Vec<String> {
    step.messages()
        .iter()
        .filter(|message| kinds.contains(&message.kind))
        .filter_map(text)
        .collect()
}

fn text(message: &Message) -> Option<String> {
    let mut lines = Vec::new();
    for line in lines_of(message.message.as_deref()?) {
        if line.to_lowercase().contains("password") {
            // What follows may be the password itself, on a line of its own.
            lines.push("(the rest tells the password of the archive and is withheld)".to_owned());
            break;
        }
        lines.push(line);
    }
    let text = lines.join("\n");
    let prefix = match message.kind {
        1 => "error: ",
        2 => "warning: ",
        3 => "running: ",
        _ => "",
    };
    (!text.is_empty()).then(|| format!("{prefix}{text}"))
}

/// Cuts HTML where it breaks the line, and cleans what is between.
fn lines_of(html: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut tag: Option<String> = None;
    for c in html.chars() {
        let breaks = match (&mut tag, c) {
            (None, '<') => {
                tag = Some(String::new());
                false
            }
            (None, c) => c == '\n',
            (Some(name), '>') => {
                let breaks = breaks_line(name);
                tag = None;
                breaks
            }
            (Some(name), c) => {
                name.push(c);
                false
            }
        };
        if breaks {
            lines.push(String::new());
        } else if let Some(line) = lines.last_mut() {
            line.push(c);
        }
    }
    // The open tag that is left at the end of a line is markup like any other.
    lines.iter().map(|line| plain_text(line)).filter(|line| !line.is_empty()).collect()
}

fn breaks_line(tag: &str) -> bool {
    let name = tag.trim_start_matches('/').split([' ', '/', '\n']).next().unwrap_or_default();
    matches!(name.to_ascii_lowercase().as_str(), "br" | "p" | "div" | "li" | "ul" | "tr")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(kind: i64, html: &str) -> Option<String> {
        text(&Message { kind, message: Some(html.to_owned()) })
    }

    #[test]
    fn markup_becomes_lines() {
        for (kind, html, expected) in [
            (0, "1 file found.\n\nSamples: 51", Some("1 file found.\nSamples: 51")),
            (3, "<b>Imputation (2/4)</b><br>…", Some("running: Imputation (2/4)\n…")),
            (1, "No chunks &lt; 3<br/><a href=\"x\">more</a>", Some("error: No chunks < 3\nmore")),
            (2, "<div\nclass='bar'><p>half</p></div>", Some("warning: half")),
            (1, "5 < 6", Some("error: 5")),
            (0, " <br> ", None),
        ] {
            assert_eq!(told(kind, html).as_deref(), expected, "{html}");
        }
    }

    #[test]
    fn no_message_tells_the_password() {
        for html in [
            "Done.<br>The password for the results is: <b>GwSecret1</b>",
            "Done.\nPassword:<br><b>GwSecret1</b>",
        ] {
            let text = told(0, html).unwrap();

            assert!(text.starts_with("Done.\n") && !text.contains("GwSecret1"), "{text}");
        }
    }
}
