//! The tables of handshakes whose sender told a secret while the source had none.

use keystile_core::{
    Timestamp,
    base::id::{HandshakeId, ID_RANDOM_BYTES},
    objects::handshakes::{
        Handshake, HandshakeNoted, Handshakes, KEPT_MS, MAX_KEPT, MAX_SHOWN, NoteHandshake, RevealedHandshake,
        UNAUTHENTICATED,
    },
};
use keystile_runtime::{database::Database, random};
use serde::Deserialize;
use worker::{Error, Result};

#[derive(Deserialize)]
struct Row {
    id: HandshakeId,
    received_at: Timestamp,
    sender: Option<String>,
    revealed_at: Option<Timestamp>,
}

/// Keeps a secret, unless it is here already or there are too many.
pub(super) fn note(database: &Database, told: &NoteHandshake, now: Timestamp) -> Result<HandshakeNoted> {
    #[derive(Deserialize)]
    struct Kept {
        kept: u32,
        same: u32,
    }
    let id = HandshakeId::from_random(&random::bytes::<ID_RANDOM_BYTES>()?)
        .ok_or_else(|| Error::RustError("too few random bytes for a handshake's id".into()))?;
    database.transaction(|| {
        trim(database, now)?;
        let count = "SELECT count(*) AS kept, count(*) FILTER (WHERE secret = ?) AS same
                     FROM handshakes WHERE secret IS NOT NULL";
        let kept: Option<Kept> = database.row(count, vec![told.secret.as_str().into()])?;
        let (kept, same) = kept.map_or((0, 0), |kept| (kept.kept, kept.same));
        let now = now.as_millis();
        if same > 0 {
            return Ok(HandshakeNoted { kept: true });
        }
        if kept >= MAX_KEPT {
            database.execute(
                "INSERT INTO handshakes_dropped (one, dropped, last_at) VALUES (1, 1, ?)
                 ON CONFLICT (one) DO UPDATE SET dropped = dropped + 1, last_at = excluded.last_at",
                vec![now.into()],
            )?;
            return Ok(HandshakeNoted { kept: false });
        }
        database.execute(
            "INSERT INTO handshakes (id, received_at, sender, secret) VALUES (?, ?, ?, ?)",
            vec![id.as_str().into(), now.into(), told.from.clone().into(), told.secret.as_str().into()],
        )?;
        Ok(HandshakeNoted { kept: true })
    })
}

pub(super) fn list(database: &Database, now: Timestamp) -> Result<Handshakes> {
    #[derive(Deserialize)]
    struct Dropped {
        dropped: u32,
    }
    let since = now.as_millis() - KEPT_MS;
    let rows: Vec<Row> = database.rows(
        "SELECT id, received_at, sender, revealed_at FROM handshakes WHERE received_at > ?
         ORDER BY received_at DESC, id LIMIT ?",
        vec![since.into(), i64::from(MAX_SHOWN).into()],
    )?;
    let dropped: Option<Dropped> =
        database.row("SELECT dropped FROM handshakes_dropped WHERE last_at > ?", vec![since.into()])?;
    let shown = |Row { id, received_at, sender, revealed_at }| Handshake {
        from: sender,
        id,
        received_at: Some(received_at),
        revealed_at,
    };
    Ok(Handshakes {
        dropped: dropped.map_or(0, |dropped| dropped.dropped),
        handshakes: rows.into_iter().map(shown).collect(),
    })
}

/// Deletes a secret and returns it; `None` if there is none (any more).
pub(super) fn reveal(database: &Database, id: &HandshakeId, now: Timestamp) -> Result<Option<RevealedHandshake>> {
    #[derive(Deserialize)]
    struct Told {
        received_at: Timestamp,
        sender: Option<String>,
        secret: String,
    }
    let since = now.as_millis() - KEPT_MS;
    database.transaction(|| {
        let told: Option<Told> = database.row(
            "SELECT received_at, sender, secret FROM handshakes WHERE id = ? AND secret IS NOT NULL AND received_at > ?",
            vec![id.as_str().into(), since.into()],
        )?;
        database.execute(
            "UPDATE handshakes SET secret = NULL, revealed_at = ? WHERE id = ? AND secret IS NOT NULL",
            vec![now.as_millis().into(), id.as_str().into()],
        )?;
        Ok(told.map(|Told { received_at, sender, secret }| RevealedHandshake {
            from: sender,
            id: id.clone(),
            note: UNAUTHENTICATED.into(),
            received_at: Some(received_at),
            secret,
        }))
    })
}

/// The time at which the oldest handshake goes.
pub(super) fn next_due(database: &Database) -> Result<Option<Timestamp>> {
    #[derive(Deserialize)]
    struct Oldest {
        at: Option<Timestamp>,
    }
    let oldest: Option<Oldest> = database.row(
        "SELECT min(at) AS at FROM (SELECT min(received_at) AS at FROM handshakes
         UNION ALL SELECT last_at FROM handshakes_dropped)",
        vec![],
    )?;
    Ok(oldest.and_then(|oldest| oldest.at).map(|at| at.plus_millis(KEPT_MS)))
}

/// Deletes what is older than a day.
pub(super) fn trim(database: &Database, now: Timestamp) -> Result<()> {
    let until = now.as_millis() - KEPT_MS;
    database.execute("DELETE FROM handshakes WHERE received_at <= ?", vec![until.into()])?;
    database.execute("DELETE FROM handshakes_dropped WHERE last_at <= ?", vec![until.into()])
}
