//! A login that outlives the process: one file per server, realm and client, which its owner alone may read.
//!
//! Keycloak may hand out each refresh token once only, so the one who renews holds a lock, reads the file again
//! and replaces it as a whole: two processes never spend the same token, and none sees half a file.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::http::server_url;
use super::openid::{Client, Grant, Openid, TokenRefusal, Tokens};
use super::{Error, Secret};
use crate::text::hex;

/// How long another process may take to renew.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long before its end a token is renewed, at most.
const EARLY: SignedDuration = SignedDuration::from_secs(20);

/// Where logins are kept.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

/// A login that is kept, and where.
#[derive(Clone, Debug)]
pub struct Stored {
    path: PathBuf,
    pub server: String,
    pub realm: String,
    /// The `clientId` in whose name it was made.
    pub client: String,
    /// Who logged in, as the token says.
    pub user: String,
    pub access: Secret,
    pub access_expires: Timestamp,
    pub refresh: Secret,
    /// Nothing for a session that does not end.
    pub refresh_expires: Option<Timestamp>,
    /// Since when the access token is to be renewed.
    renew_at: Timestamp,
}

/// A file of the store.
#[derive(Serialize, Deserialize)]
struct OnDisk {
    format_version: String,
    server: String,
    realm: String,
    client: String,
    user: String,
    access_token: String,
    access_expires: Timestamp,
    renew_at: Timestamp,
    refresh_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_expires: Option<Timestamp>,
}

impl Store {
    /// Names a folder, which need not exist yet.
    pub fn at(folder: impl Into<PathBuf>) -> Store {
        Store { folder: folder.into() }
    }

    /// Keeps a new login, in place of an older one for the same server, realm and client.
    pub fn keep(&self, openid: &Openid, client: &str, user: &str, tokens: &Tokens) -> Result<Stored, Error> {
        let server = openid.server().trim_end_matches('/').to_owned();
        let path = self.folder.join(file_name(&server, openid.realm(), client));
        let none = || Secret::new("");
        let mut stored = Stored {
            path,
            server,
            realm: openid.realm().to_owned(),
            client: client.to_owned(),
            user: user.to_owned(),
            access: none(),
            access_expires: Timestamp::UNIX_EPOCH,
            refresh: none(),
            refresh_expires: None,
            renew_at: Timestamp::UNIX_EPOCH,
        };
        stored.take(tokens, Timestamp::now());
        stored.write()?;
        Ok(stored)
    }

    /// Says whether a login can be kept here, before somebody makes one.
    pub fn try_out(&self) -> Result<(), Error> {
        make_folder(&self.folder)?;
        tempfile::tempfile_in(&self.folder).map_err(|error| not_usable(&self.folder, &error))?;
        Ok(())
    }

    /// Returns the logins for a server, by realm and client.
    pub fn of_server(&self, server: &str) -> Result<Vec<Stored>, Error> {
        let server = server_url(server)?;
        let server = server.as_str().trim_end_matches('/');
        let entries = match std::fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(not_usable(&self.folder, &error)),
        };
        check_folder(&self.folder)?;
        let mut all = Vec::new();
        for entry in entries {
            let path = entry.map_err(|error| not_usable(&self.folder, &error))?.path();
            // A file for another server is nobody's business here, however it looks.
            let ours = path.file_name().and_then(|it| it.to_str()).is_some_and(|it| {
                it.starts_with(&format!("{}_", readable(server))) && has_extension(it, "json")
            });
            if ours {
                all.push(read(&path)?);
            }
        }
        all.retain(|it| it.server == server);
        all.sort_by(|a, b| (&a.realm, &a.client).cmp(&(&b.realm, &b.client)));
        Ok(all)
    }
}

fn has_extension(name: &str, extension: &str) -> bool {
    Path::new(name).extension().is_some_and(|it| it == extension)
}

impl Stored {
    /// Returns the login with an access token that holds, and is another than `refused`: the kept one, one that
    /// another process got meanwhile, or a new one.
    pub async fn current(
        &self,
        openid: &Openid,
        client: &Client,
        refused: Option<&Secret>,
    ) -> Result<Result<Stored, TokenRefusal>, Error> {
        let holds = |it: &Stored| Timestamp::now() < it.renew_at && Some(&it.access) != refused;
        let stored = read(&self.path)?;
        if holds(&stored) {
            return Ok(Ok(stored));
        }
        let _alone = self.lock().await?;
        let mut stored = read(&self.path)?;
        if holds(&stored) {
            return Ok(Ok(stored));
        }
        let asked = Timestamp::now();
        match openid.token(client, &Grant::Refresh(stored.refresh.clone())).await? {
            Ok(tokens) => {
                stored.take(&tokens, asked);
                stored.write()?;
                Ok(Ok(stored))
            }
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// Returns how long the access token is good for from now on.
    pub(super) fn holds_for(&self) -> Duration {
        Timestamp::now().duration_until(self.renew_at).try_into().unwrap_or_default()
    }

    /// Removes the file; the session is another matter.
    pub fn forget(&self) -> Result<(), Error> {
        for path in [self.path.clone(), self.lock_path()] {
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(not_usable(&path, &error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn take(&mut self, tokens: &Tokens, asked: Timestamp) {
        let later = |it: Duration| {
            let span = SignedDuration::try_from(it).unwrap_or(SignedDuration::MAX);
            asked.checked_add(span).unwrap_or(Timestamp::MAX)
        };
        self.access = tokens.access.clone();
        self.access_expires = later(tokens.expires_in);
        let early = EARLY.min(asked.duration_until(self.access_expires) / 2);
        self.renew_at = self.access_expires.checked_sub(early).unwrap_or(asked);
        // One that does not rotate is not told again.
        if let Some(refresh) = &tokens.refresh {
            self.refresh = refresh.clone();
            self.refresh_expires = tokens.refresh_expires_in.map(later);
        }
    }

    /// Replaces the file as a whole.
    fn write(&self) -> Result<(), Error> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        make_folder(folder)?;
        let on_disk = OnDisk {
            format_version: "1.0".to_owned(),
            server: self.server.clone(),
            realm: self.realm.clone(),
            client: self.client.clone(),
            user: self.user.clone(),
            access_token: self.access.expose().to_owned(),
            access_expires: self.access_expires,
            renew_at: self.renew_at,
            refresh_token: self.refresh.expose().to_owned(),
            refresh_expires: self.refresh_expires,
        };
        let text = serde_json::to_string_pretty(&on_disk).expect("texts and times are JSON");
        let fail = |error: io::Error| not_usable(&self.path, &error);
        let private = std::fs::Permissions::from_mode(0o600);
        let mut file = tempfile::Builder::new().permissions(private).tempfile_in(folder).map_err(fail)?;
        file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(fail)?;
        file.persist(&self.path).map_err(|error| fail(error.error))?;
        Ok(())
    }

    fn lock_path(&self) -> PathBuf {
        self.path.with_extension("lock")
    }

    /// Waits until nobody else renews; ends with what it returns.
    async fn lock(&self) -> Result<File, Error> {
        let path = self.lock_path();
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(&path).map_err(|error| not_usable(&path, &error))?;
        let begun = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(std::fs::TryLockError::WouldBlock) if begun.elapsed() < PATIENCE => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                Err(std::fs::TryLockError::WouldBlock) => {
                    return Err(refuse(&path, "another process does not give it back", "end that one"));
                }
                Err(std::fs::TryLockError::Error(error)) => return Err(not_usable(&path, &error)),
            }
        }
    }
}

/// Makes the folder with everything above it; what we make is ours alone.
fn make_folder(folder: &Path) -> Result<(), Error> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| not_usable(folder, &error))?;
    check_folder(folder)
}

fn check_folder(folder: &Path) -> Result<(), Error> {
    let about = std::fs::metadata(folder).map_err(|error| not_usable(folder, &error))?;
    check_private(folder, &about, "chmod 700")
}

/// Refuses what others may read or write, or have made.
fn check_private(path: &Path, about: &std::fs::Metadata, mend: &str) -> Result<(), Error> {
    if about.uid() != rustix::process::geteuid().as_raw() {
        return Err(refuse(path, "it belongs to somebody else", "remove it, or log in as its owner"));
    }
    let mode = about.mode() & 0o777;
    if mode & 0o077 != 0 {
        let cause = format!("others may reach it (mode {mode:o})");
        return Err(refuse(path, &cause, &format!("{mend} {}", quoted(path))));
    }
    Ok(())
}

fn read(path: &Path) -> Result<Stored, Error> {
    // What is opened is what is checked.
    let mut file = File::open(path).map_err(|error| not_usable(path, &error))?;
    let about = file.metadata().map_err(|error| not_usable(path, &error))?;
    check_private(path, &about, "chmod 600")?;
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(|error| not_usable(path, &error))?;
    // Its causes would quote what stands there.
    let it: OnDisk = serde_json::from_str(&text).map_err(|_| {
        refuse(path, "it is not what `realmwright login` writes", "remove it and log in again")
    })?;
    Ok(Stored {
        path: path.to_owned(),
        server: it.server,
        realm: it.realm,
        client: it.client,
        user: it.user,
        access: Secret::new(it.access_token),
        access_expires: it.access_expires,
        refresh: Secret::new(it.refresh_token),
        refresh_expires: it.refresh_expires,
        renew_at: it.renew_at,
    })
}

/// A name that people recognise, and that no two logins share.
fn file_name(server: &str, realm: &str, client: &str) -> String {
    let digest = Sha256::digest(format!("{server}\n{realm}\n{client}"));
    let digest = hex(&digest[..6]);
    format!("{}_{}_{}_{digest}.json", readable(server), readable(realm), readable(client))
}

fn readable(text: &str) -> String {
    let text = text.split_once("://").map_or(text, |it| it.1);
    let plain = |it: char| if it.is_ascii_alphanumeric() || it == '.' { it } else { '-' };
    text.chars().take(60).map(plain).collect()
}

fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = text.chars().all(|it| it.is_ascii_alphanumeric() || "/._-+@:".contains(it));
    if plain { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

fn not_usable(path: &Path, error: &io::Error) -> Error {
    refuse(path, &error.to_string(), "see to it, or name another folder with REALMWRIGHT_STATE_DIR")
}

fn refuse(path: &Path, cause: &str, mend: &str) -> Error {
    Error::Stored { path: path.display().to_string(), cause: cause.to_owned(), mend: mend.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::keycloak::Reach;

    fn openid(server: &str) -> Openid {
        Openid::connect(&Reach::new(server), "a realm").unwrap()
    }

    fn tokens(access: &str, lives: u64) -> Tokens {
        let refresh = format!("refresh-of-{access}");
        let answer = json!({ "access_token": access, "expires_in": lives, "refresh_token": refresh, "refresh_expires_in": 1800 });
        Tokens::read(&answer).unwrap()
    }

    fn kept(folder: &Path) -> (Store, Stored) {
        let store = Store::at(folder.join("logins"));
        let stored =
            store.keep(&openid("https://sso.example.org"), "c", "eric", &tokens("aaa", 300)).unwrap();
        (store, stored)
    }

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn a_login_is_for_its_owner_alone_and_found_by_its_server() {
        let folder = tempfile::tempdir().unwrap();
        let (store, stored) = kept(folder.path());
        assert_eq!((mode(&stored.path), mode(stored.path.parent().unwrap())), (0o600, 0o700));
        let found = store.of_server("https://SSO.example.org:443/").unwrap();
        assert_eq!(found.iter().map(|it| it.user.as_str()).collect::<Vec<_>>(), ["eric"]);
        assert_eq!(found[0].access.expose(), "aaa");
        assert!(!format!("{found:?}").contains("aaa"));
        assert!(store.of_server("https://sso.example.org/auth").unwrap().is_empty());
        stored.forget().unwrap();
        assert!(store.of_server("https://sso.example.org").unwrap().is_empty());
        stored.forget().unwrap();
    }

    #[test]
    fn what_others_may_read_is_refused_with_the_mend() {
        let folder = tempfile::tempdir().unwrap();
        let (store, stored) = kept(folder.path());
        let set = |path: &Path, mode| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        let refusal = || store.of_server("https://sso.example.org").unwrap_err().to_string();
        set(&stored.path, 0o640);
        assert!(refusal().ends_with(&format!("chmod 600 {}", stored.path.display())), "{}", refusal());
        set(&stored.path, 0o600);
        set(stored.path.parent().unwrap(), 0o755);
        assert!(refusal().contains("chmod 700"), "{}", refusal());
    }

    #[test]
    fn a_folder_that_takes_no_login_is_told_before_one_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::at(folder.path().join("logins"));
        store.try_out().unwrap();
        assert_eq!(std::fs::read_dir(&store.folder).unwrap().count(), 0);
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        for nowhere in [file.join("logins"), PathBuf::from("/proc/logins")] {
            let error = Store::at(nowhere).try_out().unwrap_err().to_string();
            assert!(error.contains("REALMWRIGHT_STATE_DIR"), "{error}");
        }
    }

    #[test]
    fn a_damaged_file_is_told_without_its_content() {
        let folder = tempfile::tempdir().unwrap();
        let (store, stored) = kept(folder.path());
        let text = std::fs::read_to_string(&stored.path).unwrap();
        std::fs::write(&stored.path, text.replace("\"realm\"", "\"no\"")).unwrap();
        let error = store.of_server("https://sso.example.org").unwrap_err().to_string();
        assert!(error.contains("log in again") && !error.contains("aaa"), "{error}");
    }

    #[test]
    fn a_short_lived_token_is_used_for_half_of_its_time() {
        let folder = tempfile::tempdir().unwrap();
        let (_, mut stored) = kept(folder.path());
        let now = Timestamp::UNIX_EPOCH;
        for (lives, renewed_after) in [(300, 280), (60, 40), (10, 5), (0, 0)] {
            stored.take(&tokens("bbb", lives), now);
            assert_eq!(stored.renew_at.as_second(), renewed_after, "{lives}");
        }
    }

    #[test]
    fn a_path_is_quoted_for_the_shell_where_it_must_be() {
        for (path, text) in [("/a/b-c.json", "/a/b-c.json"), ("/a b/it's", r"'/a b/it'\''s'")] {
            assert_eq!(quoted(Path::new(path)), text);
        }
    }
}
