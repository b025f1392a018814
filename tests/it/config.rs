//! The example configurations load, and what they tell is true.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use ga4gh_gateway::config::{self, Config};

#[test]
fn the_example_passes_the_check() {
    let output = check("example.toml", &[]);

    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("no problems, services: 0"), "{said}");
}

#[test]
fn the_example_shows_every_key_with_its_default() {
    let text = fs::read_to_string(example("example.toml")).unwrap();

    let shown = config::load(Some(&example("example.toml")), []).unwrap();

    let shown = format!("{shown:#?}");
    let default = format!("{:#?}", Config::default());
    assert_eq!(shown, default);
    for line in default.lines() {
        let Some((key, _)) = line.trim().split_once(": ") else { continue };
        let named = [format!("{key} = "), format!("[{key}]"), format!(".{key}]")];
        let named =
            named.iter().any(|named| text.contains(named)) || text.contains(&format!("[[{key}]]"));
        assert!(named, "config/example.toml does not show `{key}`");
    }
}

#[test]
fn what_the_example_has_commented_out_is_right_too() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("all.toml");
    let text = fs::read_to_string(example("example.toml")).unwrap();
    let url = folder.path().join("database-url");
    fs::write(&url, "postgres://gateway@db.example.org/gateway").unwrap();
    fs::write(folder.path().join("redis-url"), "rediss://:secret@redis.example.org").unwrap();
    let made = rcgen::generate_simple_self_signed(["ca.example.org".to_owned()]).unwrap();
    for (name, held) in [
        ("authorities.pem", made.cert.pem()),
        ("pager-secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned()),
        ("smtp-password", "password".to_owned()),
        ("master-key", "3f".repeat(32)),
    ] {
        fs::write(folder.path().join(name), held).unwrap();
    }
    let text = text.replace("/etc/ga4gh-gateway", folder.path().to_str().unwrap());
    fs::write(&file, text.lines().map(uncommented).collect::<String>()).unwrap();

    let config = config::load(Some(&file), []).unwrap();

    assert!(config.redis_url.is_some());
    assert!(config.database_url.is_some() && config.server.tls.is_some());
    assert_eq!((config.auth.issuers.len(), config.services.len()), (1, 1));
    let alerts = &config.alerts;
    assert_eq!((alerts.rules.len(), alerts.webhooks.len(), alerts.smtp.is_some()), (1, 1, true));
}

#[test]
fn the_federation_needs_its_secrets_and_its_certificate_alone() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["wes.example.org".to_owned()]).unwrap();
    let (certificate, key) = (folder.path().join("tls.crt"), folder.path().join("tls.key"));
    fs::write(&certificate, made.cert.pem()).unwrap();
    fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let environment = [
        ("GA4GH_GATEWAY__SERVER__TLS__CERTIFICATE", certificate.to_str().unwrap()),
        ("GA4GH_GATEWAY__SERVER__TLS__KEY", key.to_str().unwrap()),
        ("MICHIGAN_TOKEN", "a"),
        ("DNASTACK_SECRET", "b"),
        ("ILIFU_PASSWORD", "c"),
    ];

    let whole = check("example-federation.toml", &environment);
    let without = check("example-federation.toml", &environment[..4]);

    assert!(whole.status.success(), "{whole:?}");
    assert!(String::from_utf8_lossy(&whole.stdout).contains("no problems, services: 3"));
    assert!(!without.status.success(), "{without:?}");
    let said = String::from_utf8_lossy(&without.stderr);
    assert!(said.contains("services[2].credential") && said.contains("ILIFU_PASSWORD"), "{said}");
}

/// Runs `check` on an example, with nothing in the environment but what is given.
fn check(name: &str, environment: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ga4gh-gateway"))
        .args(["check", "--config"])
        .arg(example(name))
        .env_clear()
        .envs(environment.iter().copied())
        .output()
        .expect("the program was built with this test")
}

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config").join(name)
}

/// A line with its setting in force: `# key = value` and `# [section]`, but no prose.
fn uncommented(line: &str) -> String {
    let is_setting = |text: &str| {
        let key = text.split(" = ").next().filter(|_| text.contains(" = ")).unwrap_or_default();
        text.starts_with('#')
            || (text.starts_with('[') && text.ends_with(']'))
            || (!key.is_empty() && key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
    };
    let line = line.strip_prefix("# ").filter(|rest| is_setting(rest)).unwrap_or(line);
    format!("{line}\n")
}
