use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use super::*;
use crate::{
    backend::client::{Client, Config, HttpError, scripted},
    domain::Credential,
};

/// Answers from a list of answers, the last one for ever.
#[derive(Debug, Default)]
struct Scripted {
    answers: Mutex<Vec<Vec<IpAddr>>>,
    asked: AtomicUsize,
}

impl Scripted {
    fn of(answers: &[&[&str]]) -> Arc<Self> {
        let answers = answers.iter().map(|one| one.iter().map(|ip| ip.parse().unwrap()).collect());
        Arc::new(Self { answers: Mutex::new(answers.collect()), asked: AtomicUsize::new(0) })
    }
}

#[async_trait]
impl Resolve for Scripted {
    async fn resolve(&self, _name: &str) -> io::Result<Vec<IpAddr>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let mut answers = self.answers.lock().unwrap();
        Ok(if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() })
    }
}

fn guard(networks: &[&str], hosts: &[&str], answer: &[&str]) -> Guard {
    let networks = networks.iter().map(|network| network.parse().unwrap()).collect();
    Guard::new(networks, hosts.iter().map(ToString::to_string).collect())
        .with_resolver(Scripted::of(&[answer]))
}

async fn admits(guard: &Guard, url: &str) -> bool {
    let url: url::Url = url.parse().unwrap();
    guard.admit(&url.as_str().parse().unwrap()).await.is_ok()
}

#[tokio::test]
async fn addresses_in_every_notation_are_seen_through() {
    let guard = guard(&[], &[], &["93.184.216.34"]);
    for (url, expected) in [
        ("http://example.org/", true),
        ("https://example.org:8443/wes", true),
        ("http://8.8.8.8:8080", true),
        ("http://[2606:4700::1111]/", true),
        ("http://127.0.0.1", false),
        ("http://127.1", false),
        ("http://127.0.1", false),
        ("http://2130706433", false),
        ("http://0x7f000001", false),
        ("http://0x7f.0.0.1", false),
        ("http://0177.0.0.1", false),
        ("http://017700000001", false),
        ("http://0", false),
        ("http://%31%32%37.0.0.1", false),
        ("http://127.0.0.1.", false),
        ("http://①②⑦.0.0.1", false),
        ("http://user@10.0.0.1", false),
        ("http://8.8.8.8@10.0.0.1", false),
        ("http://169.254.169.254/latest/meta-data", false),
        ("http://0xa9fea9fe", false),
        ("http://2852039166", false),
        ("http://[::1]", false),
        ("http://[::]", false),
        ("http://[0:0:0:0:0:0:0:1]", false),
        ("http://[::ffff:127.0.0.1]", false),
        ("http://[::ffff:7f00:1]", false),
        ("http://[::127.0.0.1]", false),
        ("http://[64:ff9b::a9fe:a9fe]", false),
        ("http://[2002:7f00:1::]", false),
        ("http://[fe80::1]", false),
        ("http://[fd00:ec2::254]", false),
        ("http://[ff02::1]", false),
        ("http://192.168.0.1:8080", false),
        ("http://172.20.0.1", false),
        ("http://100.64.1.1", false),
        ("http://198.18.0.1", false),
        ("http://203.0.113.7", false),
        ("http://255.255.255.255", false),
        ("http://224.0.0.251", false),
        ("http://example.org:22", false),
        ("http://example.org:25", false),
        ("http://example.org:389", false),
        ("ftp://example.org", false),
        ("https://example.org:0", false),
    ] {
        assert_eq!(admits(&guard, url).await, expected, "{url}");
    }
}

#[tokio::test]
async fn one_bad_address_of_a_name_refuses_the_name() {
    for (answer, expected) in [
        (&["93.184.216.34", "2606:4700::1111"][..], true),
        (&["93.184.216.34", "10.0.0.1"][..], false),
        (&["::ffff:169.254.169.254", "93.184.216.34"][..], false),
        (&[][..], false),
    ] {
        assert_eq!(admits(&guard(&[], &[], answer), "http://name.example").await, expected);
    }
}

#[tokio::test]
async fn what_is_allowed_is_let_through_and_secrets_only_one_by_one() {
    for (networks, hosts, answer, expected) in [
        (&["10.0.0.0/8"][..], &[][..], "10.1.2.3", true),
        (&["10.0.0.0/8"][..], &[][..], "::ffff:10.1.2.3", true),
        (&["10.0.0.0/8"][..], &[][..], "192.168.1.1", false),
        (&["fd00::/8"][..], &[][..], "fd12::1", true),
        (&["fd00::/8"][..], &[][..], "fd00:ec2::254", false),
        (&["169.254.0.0/16"][..], &[][..], "169.254.1.1", true),
        (&["0.0.0.0/0", "::/0"][..], &[][..], "169.254.169.254", false),
        (&["169.254.169.254/32"][..], &[][..], "169.254.169.254", true),
        (&[][..], &["WES.intern."][..], "10.1.2.3", true),
        (&[][..], &["other.intern"][..], "10.1.2.3", false),
        (&[][..], &["wes.intern"][..], "169.254.169.254", false),
    ] {
        let guard = guard(networks, hosts, &[answer]);

        let admitted = admits(&guard, "http://wes.intern:8080").await;

        assert_eq!(admitted, expected, "{networks:?} {hosts:?} {answer}");
    }
}

#[tokio::test]
async fn a_name_that_changes_its_address_gains_nothing() {
    let inside = scripted::Scripted::start(|_| scripted::page(200)).await;
    let outside = scripted::Scripted::start(|_| scripted::page(200)).await;
    let networks = vec![format!("{}/32", outside.url.host_str().unwrap()).parse().unwrap()];
    // The first answer is the one that is checked, and the one that is used.
    let resolver = Scripted::of(&[&["127.0.0.1"], &["10.0.0.1"]]);
    let guard = Guard::new(networks, Vec::new()).with_resolver(resolver.clone());
    let client = Client::try_guarded(Config::default(), guard).unwrap();
    let url = format!("http://rebinding.example:{}/", outside.url.port().unwrap());

    let first = client.get(&Credential::None, &url.parse().unwrap()).await.unwrap();
    assert_eq!(resolver.asked.load(Ordering::Relaxed), 1);
    assert_eq!((first.status().as_u16(), outside.lines().len()), (200, 1));

    // A new connection means a new look-up and a new check.
    let url = format!("http://rebinding.example:{}/", inside.url.port().unwrap());
    let second = client.get(&Credential::None, &url.parse().unwrap()).await;
    assert!(matches!(second, Err(HttpError::Forbidden(Refusal::Address { .. }))), "{second:?}");
    assert!(inside.lines().is_empty());
}

#[tokio::test]
async fn a_redirect_is_checked_again() {
    let secret = scripted::Scripted::start(|_| scripted::page(200)).await;
    let location = secret.url.to_string().replace("127.0.0.1", "127.0.0.2");
    let open = scripted::Scripted::start(move |_| scripted::redirect(302, &location)).await;
    let guard = Guard::new(vec!["127.0.0.1/32".parse().unwrap()], Vec::new());
    let client = Client::try_guarded(Config::default(), guard).unwrap();

    let answer = client.get_following(&Credential::None, &open.url, &open.url, &[]).await;

    assert!(format!("{answer:?}").contains("Forbidden"), "{answer:?}");
    assert!(secret.lines().is_empty());
}
