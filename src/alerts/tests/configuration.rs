//! `[alerts]` as operators write it.

use crate::alerts::{Config, check};

#[test]
fn a_configuration_is_read_with_its_secrets_by_reference() {
    let text = "interval = '1s'\n[[rules]]\nname = 'service-down'\nfor = '1m'\n\
        [[webhooks]]\nname = 'pager'\nurl = 'https://a.example.org'\nsecret = 'env:A'\n\
        [smtp]\nhost = 'localhost'\ntls = 'none'\nfrom = 'a@example.org'\nto = ['b@example.org']";
    let config: Config<String> = toml::from_str(text).unwrap();

    let read = config.with_secrets(|place| Ok(format!("the secret in {place}").into())).unwrap();
    let unread = config.with_secrets::<String>(|place| Err(format!("{place} is not set")));

    assert!(check(&read, None).is_ok());
    assert_eq!(
        unread.unwrap_err(),
        ("webhooks[0].secret".to_owned(), "env:A is not set".to_owned())
    );
    assert!(!format!("{read:?}").contains("the secret in"));
}

#[test]
fn mail_in_the_clear_stays_on_this_machine() {
    for (smtp, key) in [
        ("host = 'mail.example.org'\ntls = 'none'\nto = ['b@example.org']", "smtp.tls"),
        ("host = 'localhost'\ntls = 'none'\nto = []", "smtp.to"),
        ("host = 'localhost'\ntls = 'none'\nto = ['nobody']", "smtp.to"),
        (
            "host = 'localhost'\ntls = 'none'\nto = ['b@example.org']\nusername = 'u'",
            "smtp.password",
        ),
    ] {
        let text = format!("[smtp]\nfrom = 'a@example.org'\n{smtp}");
        let config: Config = toml::from_str(&text).unwrap();

        assert_eq!(check(&config, None).unwrap_err().0, key, "{smtp}");
    }
}
