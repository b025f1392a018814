//! What one service was seen to offer, and since when. Pure.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};

use super::PanelId;
use crate::domain::ReferencePanel;

/// Panels of one service that are kept, and as many that it once had. A service that offers more is not
/// believed about the rest.
pub const MAX_PER_SERVICE: usize = 1000;

/// All panels that a service offers or once offered, in the order of their ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shelf {
    /// When the service last told what it offers.
    pub seen_at: Timestamp,
    /// The panels.
    pub holdings: Arc<[Holding]>,
}

/// A panel at a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// Which panel.
    pub panel: PanelId,
    /// What the service told of it last.
    pub offered: Arc<ReferencePanel>,
    /// When the service was first seen to offer it.
    pub first_seen: Timestamp,
    /// Since when without a break; after it went, when the last stretch began.
    pub since: Timestamp,
    /// The service does not offer it any more.
    pub gone: Option<Gone>,
}

/// When a panel went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gone {
    /// When the service was first seen without it.
    pub since: Timestamp,
    /// When the service was last seen with it.
    pub last_seen: Timestamp,
}

/// Shares what many services offer alike, so that ten thousand of them are not ten thousand copies.
#[derive(Debug, Default)]
pub(super) struct Shared {
    panels: HashSet<Arc<ReferencePanel>>,
    ids: HashSet<PanelId>,
}

impl Shared {
    pub(super) fn panel(&mut self, panel: &ReferencePanel) -> Arc<ReferencePanel> {
        if let Some(known) = self.panels.get(panel) {
            return known.clone();
        }
        let new = Arc::new(panel.clone());
        self.panels.insert(new.clone());
        new
    }

    pub(super) fn id(&mut self, id: PanelId) -> PanelId {
        if let Some(known) = self.ids.get(&id) {
            return known.clone();
        }
        self.ids.insert(id.clone());
        id
    }
}

impl Shelf {
    /// The shelf after its service told what it offers. Holdings that did not change stay the same value.
    pub(super) fn after(
        before: Option<&Self>,
        offered: &[ReferencePanel],
        at: Timestamp,
        shared: &mut Shared,
    ) -> Self {
        let mut offered = by_id(offered, shared);
        let mut holdings = Vec::with_capacity(offered.len());
        if let Some(before) = before {
            for holding in before.holdings.iter() {
                let told = offered.remove(&holding.panel);
                holdings.push(holding.after(told, before.seen_at, at));
            }
        }
        holdings.extend(offered.into_iter().map(|(panel, offered)| Holding {
            panel,
            offered,
            first_seen: at,
            since: at,
            gone: None,
        }));
        bound(&mut holdings);
        holdings.sort_by(|a, b| a.panel.cmp(&b.panel));
        match before {
            Some(before) if *before.holdings == *holdings => {
                Self { seen_at: at, holdings: before.holdings.clone() }
            }
            Some(_) | None => Self { seen_at: at, holdings: holdings.into() },
        }
    }

    /// The shelf without what went before a time, if there is any of it.
    pub(super) fn without(&self, before: Timestamp) -> Option<Self> {
        let is_kept = |holding: &&Holding| holding.gone.is_none_or(|gone| gone.since >= before);
        let kept: Vec<_> = self.holdings.iter().filter(is_kept).cloned().collect();
        (kept.len() < self.holdings.len())
            .then(|| Self { seen_at: self.seen_at, holdings: kept.into() })
    }

    /// A panel that is or was here.
    pub fn get(&self, panel: &PanelId) -> Option<&Holding> {
        let at = self.holdings.binary_search_by(|holding| holding.panel.cmp(panel)).ok()?;
        self.holdings.get(at)
    }

    /// Whether nothing is left to remember.
    pub fn is_empty(&self) -> bool {
        self.holdings.is_empty()
    }

    /// Whether both hold the same, so that only the time differs.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.holdings, &other.holdings)
    }

    /// How much newer it is.
    pub(super) fn newer_by(&self, other: Timestamp) -> SignedDuration {
        self.seen_at.duration_since(other)
    }
}

impl Holding {
    fn after(
        &self,
        told: Option<Arc<ReferencePanel>>,
        last_seen: Timestamp,
        at: Timestamp,
    ) -> Self {
        match (told, self.gone) {
            (Some(offered), None) => Self { offered, ..self.clone() },
            (Some(offered), Some(_)) => Self { offered, since: at, gone: None, ..self.clone() },
            (None, Some(_)) => self.clone(),
            (None, None) => Self { gone: Some(Gone { since: at, last_seen }), ..self.clone() },
        }
    }
}

/// What is offered, each panel once: the first under an id counts. What has no usable id is left out.
fn by_id(
    offered: &[ReferencePanel],
    shared: &mut Shared,
) -> BTreeMap<PanelId, Arc<ReferencePanel>> {
    let mut panels = BTreeMap::new();
    for panel in offered {
        if panels.len() == MAX_PER_SERVICE {
            break;
        }
        if let Ok(id) = panel.id.parse() {
            panels.entry(shared.id(id)).or_insert_with(|| shared.panel(panel));
        }
    }
    panels
}

/// Forgets what went longest ago, where a service had too many different panels.
fn bound(holdings: &mut Vec<Holding>) {
    let gone = holdings.iter().filter(|holding| holding.gone.is_some()).count();
    if gone > MAX_PER_SERVICE {
        holdings.sort_by_key(|holding| holding.gone.map(|gone| gone.since));
        // Those that are there have no time, and so come first.
        let held = holdings.len() - gone;
        holdings.drain(held..held + gone - MAX_PER_SERVICE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn panel(id: &str) -> ReferencePanel {
        ReferencePanel { id: id.to_owned(), name: id.to_owned(), ..ReferencePanel::default() }
    }

    fn after(before: Option<&Shelf>, ids: &[&str], second: i64) -> Shelf {
        let offered: Vec<_> = ids.iter().map(|id| panel(id)).collect();
        Shelf::after(before, &offered, at(second), &mut Shared::default())
    }

    fn holding<'a>(shelf: &'a Shelf, id: &str) -> &'a Holding {
        shelf.get(&id.parse().unwrap()).unwrap()
    }

    #[test]
    fn a_panel_that_goes_is_remembered_and_one_that_returns_begins_anew() {
        let first = after(None, &["HRC", "1000g"], 10);
        let second = after(Some(&first), &["1000g", "HRC"], 20);
        let without = after(Some(&second), &["1000g"], 30);
        let later = after(Some(&without), &["1000g"], 40);
        let back = after(Some(&later), &["1000g", "hrc"], 50);

        assert!(second.is_like(&first));
        assert_eq!(second.seen_at, at(20));
        let gone = Gone { since: at(30), last_seen: at(20) };
        assert_eq!(holding(&later, "hrc").gone, Some(gone));
        assert_eq!(holding(&later, "1000g").since, at(10));
        let back = holding(&back, "hrc");
        assert_eq!((back.first_seen, back.since, back.gone), (at(10), at(50), None));
    }

    #[test]
    fn what_is_told_of_a_panel_anew_is_a_change_and_no_new_beginning() {
        let first = after(None, &["hrc"], 10);
        let renamed = ReferencePanel { name: "HRC r1.1".to_owned(), ..panel("hrc") };

        let second = Shelf::after(Some(&first), &[renamed], at(20), &mut Shared::default());

        assert!(!second.is_like(&first));
        let hrc = holding(&second, "hrc");
        assert_eq!((hrc.offered.name.as_str(), hrc.since), ("HRC r1.1", at(10)));
    }

    #[test]
    fn a_service_that_invents_panels_without_end_is_bounded() {
        let ids = |from: usize| -> Vec<String> {
            (from..from + 1500).map(|number| format!("panel-{number}")).collect()
        };
        let mut shelf = None;
        for round in 0..5 {
            let ids = ids(round * 1500);
            let ids: Vec<_> = ids.iter().map(String::as_str).collect();
            let second = i64::try_from(round).unwrap();
            shelf = Some(after(shelf.as_ref(), &ids, second));
        }

        let shelf = shelf.unwrap();
        let gone: Vec<_> = shelf.holdings.iter().filter_map(|holding| holding.gone).collect();
        assert_eq!((shelf.holdings.len(), gone.len()), (2000, 1000));
        assert!(gone.iter().all(|gone| gone.since == at(4)), "the oldest go first");
    }

    #[test]
    fn what_went_long_ago_is_forgotten() {
        let first = after(None, &["a", "b"], 10);
        let second = after(Some(&first), &["a"], 20);

        assert!(second.without(at(20)).is_none());
        assert_eq!(second.without(at(21)).unwrap().holdings.len(), 1);
    }

    #[test]
    fn ids_that_are_none_are_left_out() {
        let shelf = after(None, &["", " x", "a\nb", &"x".repeat(201), "ok", "OK"], 10);

        assert_eq!(shelf.holdings.len(), 1);
    }
}
