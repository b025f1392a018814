//! The files of a submission on their way through: held back while the run's fields are not known,
//! replayed for another service as long as nothing was streamed past, streamed on once they are many.

use std::{
    collections::HashSet,
    io,
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use futures_util::stream;
use tokio::sync::{Mutex, mpsc};

use super::{
    InputFault,
    spool::{Piece, Spool},
};
use crate::backend::{Attachment, AttachmentStream, Attachments, ByteStream, ManifestEntry};

/// What a body is made of, in the order in which it comes.
#[derive(Debug, Clone)]
enum Part {
    /// A file begins.
    File(String),
    /// Bytes of it.
    Data(Bytes),
    /// Bytes of it that were put aside.
    Aside(Arc<Spool>, Piece),
    /// All files have come. Without it, the body broke off.
    End,
}

/// The files of a submission.
#[derive(Debug)]
pub struct Files {
    /// What has come so far.
    staged: Vec<Part>,
    /// What is still to come, if the files are streamed.
    rest: Option<Arc<Rest>>,
    fault: Arc<OnceLock<InputFault>>,
}

#[derive(Debug)]
struct Rest {
    /// One reader at a time; held while a part is waited for.
    parts: Mutex<mpsc::Receiver<Part>>,
    /// The reader that may take parts. A service that was given up may still be reading its request body,
    /// and must not take bytes from the next one. Held for one look or change.
    turn: std::sync::Mutex<Turn>,
}

#[derive(Debug, Default)]
struct Turn {
    /// Counts the readers; only the last one may read.
    reader: u64,
    /// A part was taken: from then on the files cannot be replayed.
    touched: bool,
}

impl Rest {
    fn turn(&self) -> std::sync::MutexGuard<'_, Turn> {
        self.turn.lock().expect("no holder panics")
    }
}

impl Files {
    /// No files.
    pub fn none() -> Self {
        Self { staged: vec![Part::End], rest: None, fault: Arc::default() }
    }

    /// The names of all files, if all have arrived.
    pub fn names(&self) -> Option<Vec<String>> {
        Some(self.manifest()?.into_iter().map(|entry| entry.name).collect())
    }

    /// Whether the files can still be sent from the beginning.
    pub fn is_replayable(&self) -> bool {
        self.rest.as_ref().is_none_or(|rest| !rest.turn().touched)
    }

    /// Whether some of them lie in the spool.
    pub fn is_spooled(&self) -> bool {
        self.staged.iter().any(|part| matches!(part, Part::Aside(..)))
    }

    /// What was found wrong with the files while they were sent.
    pub fn fault(&self) -> Option<&InputFault> {
        self.fault.get()
    }

    /// Where whoever adds files of their own says what is wrong with them.
    pub(super) fn blame(&self) -> Arc<OnceLock<InputFault>> {
        self.fault.clone()
    }

    /// The files from the beginning. `check` is asked about all names so far before each file is sent, and
    /// once more with `true` when there are no more.
    pub fn attachments(
        &self,
        check: impl Fn(&[String], bool) -> Result<(), InputFault> + Send + 'static,
    ) -> Attachments {
        let number = self.rest.as_ref().map_or(0, |rest| {
            let mut turn = rest.turn();
            turn.reader += 1;
            turn.reader
        });
        let reader = Reader {
            number,
            staged: self.staged.clone().into_iter(),
            rest: self.rest.clone(),
            next: None,
        };
        let reader = Arc::new(Mutex::new(reader));
        let fault = self.fault.clone();
        let files: AttachmentStream =
            Box::pin(stream::unfold(Some((reader, check, Vec::new())), move |state| {
                let fault = fault.clone();
                async move {
                    let (reader, check, mut names) = state?;
                    let name = match reader.lock().await.next_file().await {
                        Ok(name) => name,
                        Err(error) => return Some((Err(error), None)),
                    };
                    names.extend(name.clone());
                    if let Err(found) = check(&names, name.is_none()) {
                        let _ = fault.set(found);
                        return Some((Err(io::ErrorKind::InvalidInput.into()), None));
                    }
                    let bytes = file_bytes(reader.clone());
                    Some((Ok(Attachment { name: name?, bytes }), Some((reader, check, names))))
                }
            }));
        Attachments { manifest: self.manifest(), files }
    }

    /// Reads what is still to come and throws it away.
    pub async fn read_through(&self) {
        let Some(rest) = &self.rest else { return };
        let mut parts = rest.parts.lock().await;
        while let Some(Part::File(_) | Part::Data(_) | Part::Aside(..)) = parts.recv().await {}
    }

    fn manifest(&self) -> Option<Vec<ManifestEntry>> {
        if self.rest.is_some() {
            return None;
        }
        let mut manifest: Vec<ManifestEntry> = Vec::new();
        for part in &self.staged {
            let length = match part {
                Part::File(name) => {
                    manifest.push(ManifestEntry { name: name.clone(), length: 0 });
                    continue;
                }
                Part::Data(bytes) => bytes.len() as u64,
                Part::Aside(_, piece) => piece.length(),
                Part::End => break,
            };
            manifest.last_mut()?.length += length;
        }
        Some(manifest)
    }
}

/// Reads parts, first the staged ones, then those still to come.
struct Reader {
    number: u64,
    staged: std::vec::IntoIter<Part>,
    rest: Option<Arc<Rest>>,
    /// A part that was read too far.
    next: Option<Part>,
}

impl Reader {
    async fn part(&mut self) -> io::Result<Part> {
        if let Some(part) = self.next.take().or_else(|| self.staged.next()) {
            return Ok(part);
        }
        let broke_off = || io::Error::from(io::ErrorKind::UnexpectedEof);
        let rest = self.rest.as_ref().ok_or_else(broke_off)?;
        let mut parts = rest.parts.lock().await;
        {
            let mut turn = rest.turn();
            if turn.reader != self.number {
                return Err(broke_off());
            }
            turn.touched = true;
        }
        parts.recv().await.ok_or_else(broke_off)
    }

    async fn next_file(&mut self) -> io::Result<Option<String>> {
        loop {
            match self.part().await? {
                Part::File(name) => return Ok(Some(name)),
                // What the service did not read of the file before.
                Part::Data(_) | Part::Aside(..) => {}
                Part::End => {
                    self.next = Some(Part::End);
                    return Ok(None);
                }
            }
        }
    }

    async fn next_bytes(&mut self) -> io::Result<Option<Bytes>> {
        match self.part().await? {
            Part::Data(bytes) => Ok(Some(bytes)),
            Part::Aside(spool, piece) => spool.read(piece).await.map(Some),
            other @ (Part::File(_) | Part::End) => {
                self.next = Some(other);
                Ok(None)
            }
        }
    }
}

fn file_bytes(reader: Arc<Mutex<Reader>>) -> ByteStream {
    Box::pin(stream::unfold(Some(reader), async |reader| {
        let reader = reader?;
        let bytes = reader.lock().await.next_bytes().await;
        match bytes {
            Ok(Some(bytes)) => Some((Ok(bytes), Some(reader))),
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    }))
}

/// Takes in the files of a submission as they arrive.
#[derive(Debug)]
pub struct Staging {
    parts: Vec<Part>,
    names: HashSet<String>,
    in_memory: usize,
    stage_bytes: usize,
    spool_bytes: u64,
    spool_dir: PathBuf,
    spool: Option<Arc<Spool>>,
    spooled: u64,
}

/// What became of a chunk that was staged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Staged {
    /// There is room for more.
    Room,
    /// Memory is full: stream from here on if the run's fields are known.
    Full,
}

/// Takes the files that are streamed on.
#[derive(Debug)]
pub struct FileSink {
    parts: mpsc::Sender<Part>,
    names: HashSet<String>,
}

impl Staging {
    pub(super) fn new(stage_bytes: usize, spool_bytes: u64, spool_dir: PathBuf) -> Self {
        Self {
            parts: Vec::new(),
            names: HashSet::new(),
            in_memory: 0,
            stage_bytes,
            spool_bytes,
            spool_dir,
            spool: None,
            spooled: 0,
        }
    }

    /// A file begins.
    pub fn begin(&mut self, name: &str) -> Result<(), InputFault> {
        let name = check_name(name)?;
        check_once(&mut self.names, &name)?;
        self.parts.push(Part::File(name));
        Ok(())
    }

    /// Bytes of the file.
    pub async fn push(&mut self, bytes: Bytes) -> Result<Staged, InputFault> {
        if self.spool.is_none() && self.in_memory + bytes.len() <= self.stage_bytes {
            self.in_memory += bytes.len();
            self.parts.push(Part::Data(bytes));
            return Ok(Staged::Room);
        }
        if self.spooled + bytes.len() as u64 > self.spool_bytes {
            return Err(InputFault::new(
                "fields_after_files",
                "too many bytes of attachments came before the fields of the run; send \
                 workflow_type, workflow_type_version, workflow_url, workflow_params and tags first",
            ));
        }
        let piece = self.put_aside(bytes).await.map_err(|_| {
            InputFault::new("spool_full", "the gateway has no room left to hold the attachments")
        })?;
        self.parts.push(piece);
        Ok(Staged::Full)
    }

    /// All files have come.
    pub fn finish(mut self) -> Files {
        self.parts.push(Part::End);
        Files { staged: self.parts, rest: None, fault: Arc::default() }
    }

    /// The run's fields are known: what comes from here on is streamed.
    pub fn stream(self) -> (Files, FileSink) {
        // Few parts in flight: whoever sends is slowed down to the pace of the service.
        let (sender, receiver) = mpsc::channel(4);
        let rest = Rest { parts: Mutex::new(receiver), turn: std::sync::Mutex::default() };
        let files = Files { staged: self.parts, rest: Some(Arc::new(rest)), fault: Arc::default() };
        (files, FileSink { parts: sender, names: self.names })
    }

    async fn put_aside(&mut self, bytes: Bytes) -> io::Result<Part> {
        let spool = match &self.spool {
            Some(spool) => spool.clone(),
            None => self.spool.insert(Spool::create(&self.spool_dir)?).clone(),
        };
        let piece = spool.write(self.spooled, bytes).await?;
        self.spooled = piece.end();
        Ok(Part::Aside(spool, piece))
    }
}

impl FileSink {
    /// A file begins. `false` means that nobody wants it any more.
    pub async fn begin(&mut self, name: &str) -> Result<bool, InputFault> {
        let name = check_name(name)?;
        check_once(&mut self.names, &name)?;
        Ok(self.parts.send(Part::File(name)).await.is_ok())
    }

    /// Bytes of the file. `false` means that nobody wants them any more.
    pub async fn push(&mut self, bytes: Bytes) -> bool {
        self.parts.send(Part::Data(bytes)).await.is_ok()
    }

    /// All files have come. A sink that is dropped instead breaks the submission off.
    pub async fn finish(self) -> bool {
        self.parts.send(Part::End).await.is_ok()
    }
}

fn check_once(names: &mut HashSet<String>, name: &str) -> Result<(), InputFault> {
    if names.len() >= MAX_FILES {
        return Err(InputFault::new(
            "too_many_files",
            format!("more than {MAX_FILES} attachments"),
        ));
    }
    if !names.insert(name.to_owned()) {
        return Err(InputFault::new(
            "duplicate_file",
            format!("two attachments are named `{name}`"),
        ));
    }
    Ok(())
}

const MAX_FILES: usize = 1000;

/// Checks the name of an attachment: sub-directories are allowed, and nothing that leaves the folder
/// (WES 1.1.0, `RunWorkflow`). Returns it without a leading `./`.
pub fn check_name(name: &str) -> Result<String, InputFault> {
    let bad = |why: &str| InputFault::new("bad_file_name", format!("an attachment's name {why}"));
    let name = name.strip_prefix("./").unwrap_or(name);
    if name.is_empty() || name.len() > 1024 {
        return Err(bad("is empty or longer than 1024 bytes"));
    }
    if name.chars().any(char::is_control) || name.contains('\\') {
        return Err(bad("holds a control character or a backslash"));
    }
    if name.starts_with('/') || name.as_bytes().get(1) == Some(&b':') {
        return Err(bad("is an absolute path"));
    }
    if name.split('/').any(|part| part.is_empty() || part == "." || part == "..") {
        return Err(bad("holds `..`, `.` or an empty part"));
    }
    Ok(name.to_owned())
}
