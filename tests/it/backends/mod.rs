//! The adapters over the simulated services: one contract that all of them keep, and the oddities of
//! each.

mod contract;
mod dnastack;
mod michigan;
mod mishaps;
mod subject;
mod wes;

/// One test for each clause of the contract, over the service that a [`subject::Kind`] describes.
macro_rules! keeps_the_contract {
    ($name:ident, $kind:expr) => {
        mod $name {
            use super::*;
            use crate::backends::{contract, mishaps};

            keeps_the_contract! { @ $kind,
                contract: says_what_it_offers, finds_a_run_by_its_tag, sees_many_runs_in_one_call,
                    tells_no_more_than_it_knows, tells_how_a_run_ended, serves_files_whole_and_in_part,
                    serves_its_logs, cancels_what_it_can, takes_a_large_file_whole,
                    takes_odd_file_names;
                mishaps: nobody_there_is_unavailable, refusals_are_told_apart,
                    failing_reads_are_no_news_of_a_run, a_bad_credential_is_called_so_everywhere,
                    a_page_of_a_proxy_proves_nothing, a_hang_ends_in_time,
                    a_lost_answer_is_uncertain_and_found, a_crash_after_placing_is_no_refusal,
                    a_lost_run_is_not_made_up, a_broken_upload_places_nothing;
            }
        }
    };
    (@ $kind:expr, $($room:ident: $($clause:ident),+;)+) => {
        $($(
            #[tokio::test]
            async fn $clause() {
                $room::$clause(&$kind).await;
            }
        )+)+
    };
}
use keeps_the_contract;
