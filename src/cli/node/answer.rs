//! What a gateway answered, in plain words.

use serde::Deserialize;

/// How the node stands, as its gateway says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Standing {
    pub(super) id: String,
    pub(super) standing: String,
    pub(super) reason: String,
    pub(super) change_waits: bool,
    pub(super) lease_until: Option<String>,
    pub(super) heartbeat_seconds: u64,
    pub(super) audience: String,
}

impl Standing {
    /// Whether the gateway keeps the node away from runs by an operator's decision.
    pub(super) fn is_refusal(&self) -> bool {
        matches!(self.standing.as_str(), "suspended" | "refused" | "withdrawn")
    }
}

/// How the node stands, in a sentence or two.
pub(super) fn told(answer: &Standing) -> String {
    let Standing { id, standing, reason, .. } = answer;
    let until = answer.lease_until.as_ref().map(|at| format!("; its lease runs until {at}"));
    let until = until.unwrap_or_default();
    let mut text = match standing.as_str() {
        "pending" => format!(
            "{id} is pending: it is registered, and waits for an operator of the gateway to approve it."
        ),
        "approved" => format!("{id} is approved and takes part{until}."),
        "expired" => format!("{id} is expired: it was not heard of in time, and gets no new runs."),
        "suspended" => format!("{id} is suspended by an operator, and gets no new runs."),
        "refused" => format!("{id} is refused by an operator."),
        "withdrawn" => format!("{id} is withdrawn: it has left the federation."),
        other => format!("{id} is {other}."),
    };
    if !reason.is_empty() {
        text.push_str(&format!(" Reason: {}.", reason.trim_end_matches('.')));
    }
    if answer.change_waits {
        text.push_str(" A change waits for approval; until then what was approved stays in force.");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(word: &str) -> Standing {
        Standing {
            id: "icer".to_owned(),
            standing: word.to_owned(),
            reason: String::new(),
            change_waits: false,
            lease_until: None,
            heartbeat_seconds: 45,
            audience: "g".to_owned(),
        }
    }

    #[test]
    fn every_standing_is_told_in_words() {
        for known in crate::nodes::Standing::ALL {
            let said = told(&standing(known.as_str()));

            assert!(said.starts_with(&format!("icer is {}", known.as_str())), "{said}");
            assert!(said.len() > 25, "{said}");
        }
        let suspended = Standing { reason: "it loses runs".to_owned(), ..standing("suspended") };
        assert!(told(&suspended).contains("it loses runs") && suspended.is_refusal());
        assert!(!standing("pending").is_refusal());
    }
}
