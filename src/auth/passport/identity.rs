//! Which identities are one person (GA4GH Passport 1.2, `LinkedIdentities`). Pure.

use std::collections::HashMap;

use percent_encoding::percent_decode_str;

/// Who somebody is to one issuer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::auth) struct Identity {
    pub(in crate::auth) issuer: String,
    pub(in crate::auth) subject: String,
}

impl Identity {
    pub(in crate::auth) fn new(issuer: &str, subject: &str) -> Self {
        Self { issuer: issuer.to_owned(), subject: subject.to_owned() }
    }

    /// Reads `enc(sub),enc(iss)`, joined by `;`. A list that cannot be read ties nothing together.
    pub(super) fn read_list(value: &str) -> Vec<Self> {
        let decode =
            |text: &str| percent_decode_str(text).decode_utf8().ok().map(|text| text.into_owned());
        let read = |pair: &str| {
            let (subject, issuer) = pair.split_once(',')?;
            let identity = Self { issuer: decode(issuer)?, subject: decode(subject)? };
            (!identity.issuer.is_empty() && !identity.subject.is_empty()).then_some(identity)
        };
        value.split(';').map(read).collect::<Option<_>>().unwrap_or_default()
    }
}

/// Persons: identities that were tied together.
#[derive(Debug, Default)]
pub(super) struct Persons {
    numbers: HashMap<Identity, usize>,
    /// For each number one that stands for the same person; one that stands for itself is the last.
    parents: Vec<usize>,
}

impl Persons {
    /// The person with this identity.
    pub(super) fn person(&mut self, identity: &Identity) -> usize {
        let fresh = self.parents.len();
        let mut number = *self.numbers.entry(identity.clone()).or_insert(fresh);
        if number == fresh {
            self.parents.push(fresh);
        }
        while self.parents[number] != number {
            number = self.parents[number];
        }
        number
    }

    /// Both identities are one person's.
    pub(super) fn tie(&mut self, one: &Identity, other: &Identity) {
        let (one, other) = (self.person(one), self.person(other));
        self.parents[one] = other;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_identities_are_read_whole_or_not_at_all() {
        let amina = Identity::new("https://a.example/", "am;i,na");
        let ben = Identity::new("https://b.example", "ben");
        for (value, expected) in [
            ("am%3Bi%2Cna,https%3A%2F%2Fa.example%2F", vec![amina.clone()]),
            ("am%3Bi%2Cna,https:%2F%2Fa.example%2F;ben,https%3A%2F%2Fb.example", vec![amina, ben]),
            ("ben", vec![]),
            ("ben,", vec![]),
            ("ben,https%3A%2F%2Fb.example;", vec![]),
            ("%ff,https%3A%2F%2Fb.example", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(Identity::read_list(value), expected, "{value}");
        }
    }

    #[test]
    fn ties_form_chains() {
        let mut persons = Persons::default();
        let [a, b, c, d] = ["a", "b", "c", "d"].map(|subject| Identity::new("i", subject));
        persons.tie(&a, &b);
        persons.tie(&c, &d);
        assert_ne!(persons.person(&a), persons.person(&d));

        persons.tie(&d, &a);

        assert_eq!(persons.person(&b), persons.person(&c));
        assert_ne!(persons.person(&b), persons.person(&Identity::new("j", "b")));
    }
}
