//! Private programs: each lives as long as the test holds it, and tells its log when it fails.

use std::{
    fs,
    future::Future,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use super::eventually::eventually_within;

/// How long a server may take to answer. It takes 1 to 2 s on an idle machine.
const START: Duration = Duration::from_secs(60);
/// How long a client or a real run may take. It takes 3 to 11 s on an idle machine.
pub(crate) const FINISH: Duration = Duration::from_secs(120);

/// A running server. Dropping it ends it, with all that it started.
#[derive(Debug)]
pub(crate) struct Program {
    name: String,
    guard: Child,
    log: PathBuf,
}

/// How a program is asked to end before it is killed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stop {
    /// The usual way.
    Term,
    /// For PostgreSQL: end at once, but give shared memory back.
    Quit,
}

impl Program {
    /// Starts `command`, whose output goes to a log in `folder`.
    pub(crate) fn start(command: &Command, stop: Stop, folder: &Path) -> Self {
        let name = name_of(command);
        let log = folder.join(format!("{name}.log"));
        let output = fs::File::create(&log).expect("the folder can be written");
        let guard = guarded(command, stop)
            .stdout(output.try_clone().expect("a file handle can be cloned"))
            .stderr(output)
            .spawn()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        Self { name, guard, log }
    }

    /// Waits until `look` says that the program answers.
    pub(crate) async fn ready<F>(&mut self, mut look: impl FnMut() -> F)
    where
        F: Future<Output = Result<(), String>>,
    {
        let what = format!("{} answers", self.name);
        eventually_within(START, &what, || {
            // Fail at once, not at the deadline: the log tells why.
            let ended = self.guard.try_wait().expect("our own child can be asked");
            assert!(ended.is_none(), "{} ended by itself: {ended:?}", self.name);
            look()
        })
        .await;
    }

    /// What the program wrote so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_else(|error| error.to_string())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // The guard ends its program when its input ends, and then itself.
        drop(self.guard.stdin.take());
        let ended = self.guard.wait();
        if std::thread::panicking() {
            eprintln!("--- log of {} ({ended:?})\n{}", self.name, self.log());
        }
    }
}

/// Runs a client to its end, and panics with all it said unless it succeeds.
pub(crate) async fn succeed(command: &Command) -> String {
    let output = finish(command).await;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{stdout}\n{stderr}", output.status);
    stdout
}

/// Runs a client to its end, whatever that is.
pub(crate) async fn finish(command: &Command) -> Output {
    let mut guard = guarded(command, Stop::Term);
    guard.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut guard = tokio::process::Command::from(guard)
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", name_of(command)));
    // Held open until the client ended or its time is up; then the guard cleans up.
    let _input = guard.stdin.take();
    tokio::time::timeout(FINISH, guard.wait_with_output())
        .await
        .unwrap_or_else(|_| panic!("{command:?}: still running after {FINISH:?}"))
        .expect("our own child can be waited for")
}

/// The same command behind `tests/real/guard`, in a process group of its own, so that Ctrl-C
/// reaches the test and the guard tidies up after it.
fn guarded(command: &Command, stop: Stop) -> Command {
    let signal = match stop {
        Stop::Term => "TERM",
        Stop::Quit => "QUIT",
    };
    let mut guard = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real/guard"));
    guard.arg(signal).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => guard.env(name, value),
            None => guard.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        guard.current_dir(folder);
    }
    guard.stdin(Stdio::piped()).process_group(0);
    guard
}

fn name_of(command: &Command) -> String {
    let name = Path::new(command.get_program()).file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}
