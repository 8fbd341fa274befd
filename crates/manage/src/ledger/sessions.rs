//! The table of sessions, in the operators' ledger.

use keystile_core::{
    KeyDigest, Timestamp,
    access::session::{PortalSession, SessionKind},
};
use serde::Deserialize;
use worker::Result;

use keystile_runtime::database::Database;

/// The most sessions that are over and that one insertion removes. So the table shrinks, and no caller waits for the
/// removal of very many.
const REMOVED_AT_ONCE: i64 = 100;

/// A session.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// The id of the operator behind it, or `root`.
    pub(crate) operator: String,
    /// The mark of the root key, if that is behind it.
    pub(crate) root_mark: Option<String>,
    /// The portal session, unless it is the operator's own.
    pub(crate) portal: Option<PortalSession>,
    /// The end.
    pub(crate) expires_at: Timestamp,
}

#[derive(Deserialize)]
struct Row {
    operator: String,
    root_mark: Option<String>,
    portal: Option<String>,
    expires_at: Timestamp,
}

/// Finds the session that is presented in this form, unless it is over.
pub(crate) fn find(
    database: &Database,
    kind: SessionKind,
    digest: &KeyDigest,
    now: Timestamp,
) -> Result<Option<Session>> {
    let row: Option<Row> = database.row(
        "SELECT operator, root_mark, portal, expires_at FROM sessions
         WHERE digest = ? AND kind = ? AND expires_at > ?",
        vec![digest.to_hex().into(), kind.prefix().into(), now.as_millis().into()],
    )?;
    let Some(Row { operator, root_mark, portal, expires_at }) = row else { return Ok(None) };
    let portal = portal.as_deref().map(serde_json::from_str).transpose()?;
    Ok(Some(Session { operator, root_mark, portal, expires_at }))
}

/// Inserts a session in a form in which it can be presented until `expires_at`, and removes some that are over.
pub(crate) fn insert(
    database: &Database,
    kind: SessionKind,
    digest: &KeyDigest,
    session: &Session,
    now: Timestamp,
) -> Result<()> {
    database.execute(
        "DELETE FROM sessions WHERE digest IN (
             SELECT digest FROM sessions WHERE expires_at <= ? ORDER BY expires_at LIMIT ?
         )",
        vec![now.as_millis().into(), REMOVED_AT_ONCE.into()],
    )?;
    database.execute(
        "INSERT INTO sessions (digest, kind, operator, root_mark, portal, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
        vec![
            digest.to_hex().into(),
            kind.prefix().into(),
            session.operator.as_str().into(),
            session.root_mark.clone().into(),
            session.portal.as_ref().map(serde_json::to_string).transpose()?.into(),
            session.expires_at.as_millis().into(),
        ],
    )
}

/// Removes a session in one of its forms.
pub(crate) fn remove(database: &Database, digest: &KeyDigest) -> Result<()> {
    database.execute("DELETE FROM sessions WHERE digest = ?", vec![digest.to_hex().into()])
}
