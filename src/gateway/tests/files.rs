//! Files on their way through: held back, put aside, streamed.

use bytes::Bytes;
use futures_util::StreamExt;

use super::super::*;

#[test]
fn hostile_names_are_refused() {
    for (name, kept) in [
        ("a.cwl", Some("a.cwl")),
        ("./sub/a.cwl", Some("sub/a.cwl")),
        ("déjà vu.cwl", Some("déjà vu.cwl")),
        ("..", None),
        ("a/../../b", None),
        ("/etc/passwd", None),
        ("C:\\boot.ini", None),
        ("c:boot", None),
        ("a\\b", None),
        ("a//b", None),
        ("a/./b", None),
        ("a\nb", None),
        ("", None),
    ] {
        assert_eq!(check_name(name).ok().as_deref(), kept, "{name:?}");
    }
}

#[tokio::test]
async fn what_comes_before_the_fields_is_put_aside_and_comes_back_whole() {
    let folder = tempfile::tempdir().unwrap();
    let mut staging = Staging::new(10, 1000, folder.path().to_owned());
    staging.begin("first").unwrap();
    assert_eq!(staging.push(Bytes::from_static(b"12345678")).await.unwrap(), Staged::Room);
    assert_eq!(staging.push(Bytes::from_static(b"9abc")).await.unwrap(), Staged::Full);
    staging.begin("second").unwrap();
    staging.push(Bytes::from_static(b"def")).await.unwrap();
    let files = staging.finish();

    // Twice: they can be sent again.
    for _ in 0..2 {
        let read = read(&files).await;
        assert_eq!(
            read,
            [
                ("first".to_owned(), 12, "123456789abc".to_owned()),
                ("second".to_owned(), 3, "def".to_owned())
            ]
        );
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// A service that was given up may still be reading its request body when the next one is sent the files.
#[tokio::test]
async fn a_reader_that_was_given_up_takes_nothing_from_the_next_one() {
    let mut staging = Staging::new(10, 0, std::env::temp_dir());
    staging.begin("first").unwrap();
    staging.push(Bytes::from_static(b"staged ")).await.unwrap();
    let (files, mut sink) = staging.stream();
    let mut given_up = files.attachments(|_, _| Ok(()));
    let mut given_up = given_up.files.next().await.unwrap().unwrap().bytes;
    assert_eq!(given_up.next().await.unwrap().unwrap(), "staged ");
    assert!(files.is_replayable());

    let mut next = files.attachments(|_, _| Ok(()));
    sink.push(Bytes::from_static(b"streamed")).await;
    sink.finish().await;

    assert!(given_up.next().await.unwrap().is_err());
    let mut file = next.files.next().await.unwrap().unwrap();
    let mut text = Vec::new();
    while let Some(bytes) = file.bytes.next().await {
        text.extend_from_slice(&bytes.unwrap());
    }
    assert_eq!(text, b"staged streamed");
    assert!(next.files.next().await.is_none() && !files.is_replayable());
}

#[tokio::test]
async fn too_much_before_the_fields_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut staging = Staging::new(0, 40, folder.path().to_owned());
    staging.begin("first").unwrap();
    staging.push(Bytes::from_static(&[0; 20])).await.unwrap();

    let fault = staging.push(Bytes::from_static(&[0; 20])).await.unwrap_err();

    assert_eq!(fault.reason, "fields_after_files");
}

#[tokio::test]
async fn two_files_of_one_name_are_refused() {
    let mut staging = Staging::new(10, 1000, std::env::temp_dir());
    staging.begin("a").unwrap();

    assert_eq!(staging.begin("./a").unwrap_err().reason, "duplicate_file");
}

async fn read(files: &Files) -> Vec<(String, u64, String)> {
    let mut attachments = files.attachments(|_, _| Ok(()));
    let lengths = attachments.manifest.take().unwrap().into_iter().map(|entry| entry.length);
    let mut read = Vec::new();
    while let Some(file) = attachments.files.next().await {
        let mut file = file.unwrap();
        let mut text = String::new();
        while let Some(bytes) = file.bytes.next().await {
            text.push_str(std::str::from_utf8(&bytes.unwrap()).unwrap());
        }
        read.push((file.name, text));
    }
    read.into_iter().zip(lengths).map(|((name, text), length)| (name, length, text)).collect()
}
