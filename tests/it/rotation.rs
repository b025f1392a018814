//! `vault rotate`: everything that is sealed gets under a new master key, and a kill at any instant loses
//! nothing.

use std::{
    path::Path,
    process::{Command, Output, Stdio},
    sync::Arc,
    time::Duration,
};

use ga4gh_gateway::{
    audit::{Act, Audit, Filter},
    database::Database,
    domain::{CallerId, Clock, Credential, Service, SystemClock},
    vault::{KeyFolder, Vault},
};
use secrecy::ExposeSecret;

const CALLERS: usize = 3_000;
const KILLS: usize = 25;

#[tokio::test]
async fn a_rotation_that_is_killed_again_and_again_loses_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let config = folder.path().join("gateway.toml");
    std::fs::write(&config, format!("data_dir = {:?}\n", data.display().to_string())).unwrap();
    let before = KeyFolder(&data).open().unwrap().current().id().to_owned();
    fill(&data).await;
    let mut dice = fastrand::Rng::with_seed(20_261_127);

    let mut cut_short = 0;
    for _ in 0..KILLS {
        let mut child = rotate(&config).stdout(Stdio::null()).spawn().unwrap();
        tokio::time::sleep(Duration::from_micros(dice.u64(..80_000))).await;
        cut_short += usize::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
        // Whatever happened, the keys that are there open everything.
        check(&data, 97).await;
    }
    let done = finished(&mut rotate(&config));

    assert!(done.status.success(), "{done:?}");
    assert!(cut_short > KILLS / 4, "only {cut_short} were cut short");
    check(&data, 1).await;
    let after = KeyFolder(&data).open().unwrap();
    assert_ne!(after.current().id(), before);
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(said.contains(after.current().id()) && !said.contains("do not open"), "{said}");
    let told = told(&data).await;
    assert!(told.contains(after.current().id()), "{told}");
    // The former keys are needed no more.
    for file in std::fs::read_dir(&data).unwrap() {
        let path = file.unwrap().path();
        if path.to_string_lossy().contains("master.key.former-") {
            std::fs::remove_file(path).unwrap();
        }
    }
    check(&data, 1).await;
}

#[tokio::test]
async fn keys_can_come_from_the_configuration_and_be_exchanged_there() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    KeyFolder(&data).open().unwrap();
    fill(&data).await;
    let [first, second] = ["first", "second"].map(|name| folder.path().join(name));
    std::fs::write(&first, "11".repeat(32)).unwrap();
    std::fs::write(&second, "22".repeat(32)).unwrap();
    let config = folder.path().join("gateway.toml");
    let write = |master: &Path, former: &str| {
        let (data, master) = (data.display(), master.display());
        let text = format!(
            "data_dir = \"{data}\"\n[vault]\nmaster_key = \"file:{master}\"\nformer_keys = [{former}]\n"
        );
        std::fs::write(&config, text).unwrap();
    };

    write(&first, "");
    let moved = finished(&mut rotate(&config));
    write(&second, &format!("\"file:{}\"", first.display()));
    let exchanged = finished(&mut rotate(&config));
    write(&second, "");
    let again = finished(&mut rotate(&config));

    for (output, taken_over) in [(&moved, CALLERS), (&exchanged, CALLERS), (&again, 0)] {
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains(&format!("{taken_over} taken over")), "{output:?}");
        assert!(!said.contains("do not open"), "{said}");
    }
    // A key that is not configured any more opens nothing, and that is told.
    write(&first, "");
    let lost = finished(&mut rotate(&config));
    let said = String::from_utf8_lossy(&lost.stdout);
    assert!(said.contains(&format!("{CALLERS} do not open")), "{lost:?}");
}

/// What the trail tells last of rotations.
async fn told(data: &Path) -> String {
    let (_, database) = open(data).await;
    let audit = Audit::new(database.clone(), Arc::new(SystemClock));
    let filter = Filter { act: Some(Act::KeysRotated), ..Filter::default() };
    let mut told = audit.page(&filter, 0, 1_000).await.expect("the trail is read").records;
    database.close().await;
    told.pop().expect("it tells of them").entry
}

/// Seals a credential for each of many callers.
async fn fill(data: &Path) {
    let (vault, database) = open(data).await;
    let now = SystemClock.now();
    for number in 0..CALLERS {
        let credential = Credential::Bearer(format!("secret-{number}").into());
        vault
            .put_own(&caller(number), &service(), &credential, true, now)
            .await
            .expect("the vault serves");
    }
    database.close().await;
}

/// Opens every so many-th credential with the keys that are there.
async fn check(data: &Path, step: usize) {
    let (vault, database) = open(data).await;
    for number in (0..CALLERS).step_by(step) {
        let own = vault
            .own(&caller(number), &service(), SystemClock.now())
            .await
            .expect("the vault serves");
        let Ok(Credential::Bearer(token)) = own else { panic!("{number}: {own:?}") };
        assert_eq!(token.expose_secret(), format!("secret-{number}"));
    }
    database.close().await;
}

async fn open(data: &Path) -> (Vault, Database) {
    let database =
        Database::open_sqlite(&data.join("gateway.sqlite")).await.expect("the vault serves");
    (Vault::new(database.clone(), &KeyFolder(data).open().expect("the vault serves")), database)
}

fn caller(number: usize) -> CallerId {
    CallerId::new("issuer", &format!("caller-{number}"))
}

fn service() -> Service {
    let url = "https://wes.example.org".parse().expect("the vault serves");
    Service::new(
        "kenya".parse().expect("the vault serves"),
        "wes",
        url,
        "KE".parse().expect("the vault serves"),
    )
}

fn rotate(config: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ga4gh-gateway"));
    command.args(["vault", "rotate", "--config"]).arg(config).env_clear();
    command
}

fn finished(command: &mut Command) -> Output {
    command.output().expect("the program was built with this test")
}
