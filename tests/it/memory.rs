//! Files stream through: their size is never the gateway's.

use bytes::Bytes;
use futures_util::stream;
use ga4gh_gateway::backend::{Attachment, AttachmentStream, Attachments, ByteStream};

use crate::support::{RunForm, TestService, process::Process};

const CHUNK: &[u8] = &[7; 64 * 1024];
const CHUNKS: usize = 8 * 1024;

/// What the gateway may hold beyond what it holds when idle.
const ALLOWANCE_KIB: u64 = 32 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn half_a_gibibyte_streams_through_in_little_memory() {
    let wes = TestService::start("ml", "wes", "ML", &[]).await;
    let folder = tempfile::tempdir().unwrap();
    let gateway = Process::start(folder.path(), &[&wes]).await;
    let amina = gateway.client("amina");
    // The first run brings up what every run needs.
    amina.submit(RunForm::cwl()).await;
    let idle = gateway.peak_memory().await;

    amina.submit_streamed(RunForm::cwl(), large_file()).await;

    let grown = gateway.peak_memory().await - idle;
    assert!(grown <= ALLOWANCE_KIB, "{grown} KiB over {idle} KiB");
    assert_eq!(wes.submissions()[1].bytes, (CHUNK.len() * CHUNKS) as u64);
}

/// A file that is made while it is read.
fn large_file() -> Attachments {
    let chunks = stream::iter((0..CHUNKS).map(|_| Ok(Bytes::from_static(CHUNK))));
    let bytes: ByteStream = Box::pin(chunks);
    let file = Attachment { name: "large.bin".to_owned(), bytes };
    let files: AttachmentStream = Box::pin(stream::iter([Ok(file)]));
    Attachments { manifest: None, files }
}
