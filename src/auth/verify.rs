//! From what a request shows to a caller who is believed, and what is remembered of it.

use std::sync::{Arc, atomic::Ordering};

use ring::digest;
use tracing::warn;

use super::{
    Authenticator, Error, Verified, access_token,
    api_keys::is_api_key,
    build::Trusted,
    claims::{self, Claims},
    credential::Shown,
    passport::{self, Audience, Identity},
};
use crate::{
    domain::{Caller, CallerId, Scope},
    jose::Jws,
};

/// A caller, and the second at which what was shown expires.
type Believed = (Caller, i64);

impl Authenticator {
    pub(super) async fn verified(&self, shown: &Shown<'_>) -> Result<Arc<Verified>, Error> {
        // Read before anything is checked: a key that goes meanwhile makes the result an old one.
        let epoch = self.epoch.load(Ordering::Acquire);
        let (hash, moment) = (hash(shown), self.moment());
        let known = self.cache.get(&hash).filter(|known| known.epoch == epoch);
        let verified = match known.filter(|known| !moment.is_after(known.look_again)) {
            Some(known) if moment.is_after(known.expires) => return Err(Error::TokenExpired),
            Some(known) => known,
            None => {
                let (caller, expires) = self.verify(shown).await?;
                let look_again = caller.visas.iter().map(|visa| visa.expires).min();
                let look_again = look_again.unwrap_or(i64::MAX);
                let caller = Arc::new(caller);
                let verified = Arc::new(Verified { caller, expires, look_again, epoch });
                self.cache.insert(hash, Arc::clone(&verified));
                verified
            }
        };
        if let (Some(key), Some(keys)) = (&verified.caller.key, &self.api_keys) {
            keys.touch(key);
        }
        Ok(verified)
    }

    async fn verify(&self, shown: &Shown<'_>) -> Result<Believed, Error> {
        if passport::is_passport(&shown.token) {
            return self.by_passport(&shown.token).await;
        }
        let (mut caller, expires) = match &self.api_keys {
            _ if shown.is_session => self.by_session(&shown.token).await?,
            Some(keys) if is_api_key(&shown.token) => {
                let (caller, end) = keys.find(&shown.token).await?;
                (caller, self.moment().own_end(end))
            }
            _ => self.by_token(&shown.token).await?,
        };
        match &shown.passport {
            None => Ok((caller, expires)),
            Some(passport) => {
                let ends = self.add_passport(&mut caller, passport).await?;
                Ok((caller, expires.min(ends)))
            }
        }
    }

    /// Believes the session of somebody who logged in.
    async fn by_session(&self, secret: &str) -> Result<Believed, Error> {
        let sessions = self.sessions.as_ref().ok_or(Error::UnknownSession)?;
        let found = sessions.find(secret).await.map_err(|error| {
            warn!(error = &error as &dyn std::error::Error, "a session cannot be looked up");
            Error::StoreUnavailable
        })?;
        let (caller, end) = found.ok_or(Error::UnknownSession)?;
        if end <= self.clock.now() {
            return Err(Error::UnknownSession);
        }
        Ok((caller, self.moment().own_end(end.as_second())))
    }

    /// Believes a token of an issuer.
    async fn by_token(&self, token: &str) -> Result<Believed, Error> {
        let jws = Jws::parse(token).map_err(|_| Error::MalformedToken)?;
        let typ = access_token::token_type(&jws.header)?;
        let issuer = claims::required(&jws.claims, "iss")?;
        let trusted = self.issuers.get(issuer).ok_or(Error::UnknownIssuer)?;
        let Trusted { issuer, mapping, keys, .. } = trusted;
        if !issuer.token_types.contains(&typ) {
            return Err(Error::WrongTokenType);
        }
        let algorithm = issuer.algorithms.iter().find(|known| known.as_str() == jws.header.alg);
        let algorithm = *algorithm.ok_or(Error::AlgorithmNotAllowed)?;
        let key = keys.find(jws.header.kid.as_deref(), algorithm).await?;
        if !jws.is_signed_by(&key) {
            return Err(Error::BadSignature);
        }
        let moment = self.moment();
        let (mut caller, expires) =
            access_token::caller(&jws.claims, typ, issuer, mapping, moment)?;
        self.ask_for_visas(&mut caller, token, trusted, &jws.claims).await;
        Ok((caller, expires))
    }

    /// Believes a passport in the place of a token, if it was made out to this gateway.
    async fn by_passport(&self, text: &str) -> Result<Believed, Error> {
        let moment = self.moment();
        let passport = passport::check(text, &self.issuers, Audience::Required, moment).await?;
        let holder = &passport.holder;
        let trusted = self.issuers.get(&holder.issuer).ok_or(Error::UnknownIssuer)?;
        let id = CallerId::new(&holder.issuer, &holder.subject);
        let mut caller = trusted.mapping.caller(id, &Claims::new());
        // It says nothing of what may be done with it; so no more than runs.
        caller.scopes = [Scope::Read, Scope::Submit].into();
        let (texts, visas) = (&passport.visas, &self.visa_issuers);
        caller.visas = passport::clear(texts, visas, holder, holder, moment).await.0;
        Ok((caller, passport.expires))
    }

    /// Adds the visas of a passport beside a token. The second at which the passport expires.
    async fn add_passport(&self, caller: &mut Caller, text: &str) -> Result<i64, Error> {
        let moment = self.moment();
        let passport = passport::check(text, &self.issuers, Audience::Optional, moment).await?;
        let own = identity(&caller.id);
        let (texts, visas) = (&passport.visas, &self.visa_issuers);
        let (visas, is_own) = passport::clear(texts, visas, &passport.holder, &own, moment).await;
        if !is_own {
            return Err(Error::PassportOfAnother);
        }
        caller.visas.extend(visas);
        caller.visas.sort();
        caller.visas.dedup();
        Ok(passport.expires)
    }

    /// Adds the visas that the issuer itself tells. Without an answer there are none.
    async fn ask_for_visas(
        &self,
        caller: &mut Caller,
        token: &str,
        trusted: &Trusted,
        claims: &Claims,
    ) {
        let scope = claims::words(claims.get("scope"));
        let Some(site) = trusted.site.as_ref().filter(|_| trusted.issuer.userinfo) else { return };
        if !scope.contains(&"ga4gh_passport_v1") {
            return;
        }
        let own = identity(&caller.id);
        let texts = self.user_info.visas(site, token, &own.subject).await;
        let moment = self.moment();
        caller.visas = passport::clear(&texts, &self.visa_issuers, &own, &own, moment).await.0;
    }
}

/// Who a caller is to their issuer. Names of issuers have no `#`, which the configuration sees to.
fn identity(id: &CallerId) -> Identity {
    let (issuer, subject) = id.as_str().split_once('#').unwrap_or((id.as_str(), ""));
    Identity::new(issuer, subject)
}

/// What stands for a credential in memory.
fn hash(shown: &Shown<'_>) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    // A session is believed in its cookie alone.
    context.update(if shown.is_session { b"\0session " } else { b"\0" });
    context.update(shown.token.as_bytes());
    if let Some(passport) = &shown.passport {
        // No header holds a line break, so that no token alone looks like two.
        context.update(b"\n");
        context.update(passport.as_bytes());
    }
    context.finish().as_ref().try_into().expect("a SHA-256 has 32 bytes")
}
