//! What else must be true for a visa to count (GA4GH Passport 1.2, `conditions`). Pure.

use serde_json::{Map, Value};

use crate::domain::Visa;

/// Most alternatives, and most clauses of one. Whoever wants more is not believed.
const MAX_CLAUSES: usize = 16;

/// A list of alternatives, each a list of clauses that must all hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Conditions(Vec<Vec<Clause>>);

/// One visa must have all of this.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Clause {
    kind: String,
    matches: Vec<(Claim, Match)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Claim {
    Value,
    Source,
    By,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Match {
    Const(String),
    Pattern(String),
    SplitPattern(String),
    /// A prefix that we do not know: never.
    Never,
}

impl Conditions {
    /// Reads the claim. `None` means that nothing is asked. What cannot be read never holds.
    pub(super) fn read(claim: Option<&Value>) -> Option<Self> {
        let alternatives = match claim {
            None | Some(Value::Null) => return None,
            Some(Value::Array(list)) if list.is_empty() => return None,
            Some(Value::Array(list)) if list.len() <= MAX_CLAUSES => list,
            Some(_) => return Some(Self(Vec::new())),
        };
        Some(Self(alternatives.iter().filter_map(alternative).collect()))
    }

    /// Whether one alternative holds, by visas that ask for nothing themselves.
    pub(super) fn hold(&self, visas: &[&Visa]) -> bool {
        self.0.iter().any(|all| all.iter().all(|clause| visas.iter().any(|v| clause.fits(v))))
    }
}

fn alternative(list: &Value) -> Option<Vec<Clause>> {
    let list = list.as_array().filter(|list| (1..=MAX_CLAUSES).contains(&list.len()))?;
    list.iter().map(|clause| Clause::read(clause.as_object()?)).collect()
}

impl Clause {
    fn read(members: &Map<String, Value>) -> Option<Self> {
        let kind = members.get("type")?.as_str()?.to_owned();
        let others = members.iter().filter(|(name, _)| *name != "type");
        let matches = others.map(|(name, value)| {
            let claim = match name.as_str() {
                "value" => Claim::Value,
                "source" => Claim::Source,
                "by" => Claim::By,
                _ => return None,
            };
            Some((claim, Match::read(value.as_str()?)))
        });
        let matches: Vec<_> = matches.collect::<Option<_>>()?;
        (!matches.is_empty()).then_some(Self { kind, matches })
    }

    fn fits(&self, visa: &Visa) -> bool {
        let fits = |(claim, wanted): &(Claim, Match)| match claim {
            Claim::Value => wanted.fits(&visa.value),
            Claim::Source => wanted.fits(&visa.source),
            Claim::By => visa.by.as_ref().is_some_and(|by| wanted.fits(by)),
        };
        self.kind == visa.kind && self.matches.iter().all(fits)
    }
}

impl Match {
    fn read(text: &str) -> Self {
        match text.split_once(':') {
            Some(("const", value)) => Self::Const(value.to_owned()),
            Some(("pattern", value)) => Self::Pattern(value.to_owned()),
            Some(("split_pattern", value)) => Self::SplitPattern(value.to_owned()),
            _ => Self::Never,
        }
    }

    fn fits(&self, text: &str) -> bool {
        match self {
            Self::Const(value) => value == text,
            Self::Pattern(pattern) => glob(pattern, text),
            Self::SplitPattern(pattern) => text.split(';').any(|part| glob(pattern, part)),
            Self::Never => false,
        }
    }
}

/// `?` is one character and `*` any run of them. Takes at most pattern times text steps, so no pattern
/// makes it slow.
fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // The last star, and how far the text went when it was met.
    let mut star = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(one) if *one == '?' || *one == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, met)) => {
                    star = Some((at, met + 1));
                    p = at + 1;
                    t = met + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|rest| *rest == '*')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn visa(kind: &str, value: &str, by: Option<&str>) -> Visa {
        Visa {
            kind: kind.to_owned(),
            value: value.to_owned(),
            source: "https://source.example".to_owned(),
            by: by.map(str::to_owned),
            issuer: "https://visas.example".to_owned(),
            asserted: 0,
            expires: i64::MAX,
        }
    }

    #[test]
    fn conditions_hold_by_one_visa_for_each_clause() {
        let faculty = visa("AffiliationAndRole", "faculty@med.stanford.edu", Some("so"));
        let terms = visa("AcceptedTermsAndPolicies", "https://doi.org/1;https://doi.org/2", None);
        let visas = [&faculty, &terms];
        let role = |wanted: &str| json!([[{"type": "AffiliationAndRole", "value": wanted}]]);
        for (conditions, hold) in [
            (role("const:faculty@med.stanford.edu"), true),
            (role("const:faculty@med.stanford.ed"), false),
            (role("pattern:faculty@*"), true),
            (role("pattern:*@*.edu"), true),
            (role("pattern:faculty@med?stanford.edu"), true),
            (role("pattern:Faculty@*"), false),
            (role("regex:.*"), false),
            (role("faculty@med.stanford.edu"), false),
            (
                json!([[{"type": "AcceptedTermsAndPolicies", "value": "split_pattern:https://doi.org/2"}]]),
                true,
            ),
            (
                json!([[{"type": "AcceptedTermsAndPolicies", "value": "pattern:https://doi.org/2"}]]),
                false,
            ),
            (json!([[{"type": "AffiliationAndRole"}]]), false),
            (json!([[{"value": "pattern:*"}]]), false),
            (json!([[{"type": "AffiliationAndRole", "asserted": "pattern:*"}]]), false),
            (
                json!([[{"type": "AffiliationAndRole", "value": "pattern:faculty@*", "by": "const:so"}]]),
                true,
            ),
            (
                json!([[{"type": "AffiliationAndRole", "value": "pattern:faculty@*", "by": "const:dac"}]]),
                false,
            ),
            (json!([[{"type": "AcceptedTermsAndPolicies", "by": "pattern:*"}]]), false),
            (json!([[], [{"type": "AffiliationAndRole", "by": "const:so"}]]), true),
            (
                json!([[{"type": "AffiliationAndRole", "by": "const:so"}, {"type": "X", "by": "pattern:*"}]]),
                false,
            ),
            (json!([[]]), false),
            (json!([7]), false),
            (json!("always"), false),
            (json!({}), false),
            (json!(vec![vec![json!({"type": "AffiliationAndRole", "by": "const:so"})]; 17]), false),
        ] {
            let read = Conditions::read(Some(&conditions)).unwrap();

            assert_eq!(read.hold(&visas), hold, "{conditions}");
        }
        assert_eq!(Conditions::read(None), None);
        assert_eq!(Conditions::read(Some(&json!([]))), None);
    }

    #[test]
    fn no_pattern_is_slow() {
        let (pattern, text) = ("*a".repeat(400) + "b", "a".repeat(8000));

        assert!(!glob(&pattern, &text));
    }
}
