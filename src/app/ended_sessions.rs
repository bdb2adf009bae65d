//! Which sessions ended lately, so that `/verify` answers from memory.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crossbeam_utils::sync::ShardedLock;

use crate::model::{SessionId, Timestamp};

/// Sessions that ended while an access token of theirs may still be valid, on this node and on every other.
#[derive(Debug, Default)]
pub struct EndedSessions(ShardedLock<Known>);

#[derive(Debug, Default)]
struct Known {
    ended: HashMap<SessionId, Instant>,
    asked: Option<Asked>,
}

/// When the database was last asked, by the monotonic clock (which no one can set) and by the calendar.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    pub instant: Instant,
    pub at: Timestamp,
}

/// What memory says is worth nothing when the database was not heard of for longer than this.
const TRUSTED: Duration = Duration::from_secs(1);

impl EndedSessions {
    /// Whether a session ended; `None` when memory is too old to know.
    pub fn has_ended(&self, id: &str) -> Option<bool> {
        let known = self.0.read().expect("no thread panics while it holds this lock");
        if known.ended.contains_key(id) {
            return Some(true);
        }
        known.asked.is_some_and(|asked| asked.instant.elapsed() < TRUSTED).then_some(false)
    }

    /// A session that this node ended itself.
    pub fn insert(&self, id: SessionId) {
        self.0.write().expect("no thread panics while it holds this lock").ended.insert(id, Instant::now());
    }

    /// What the database said, and when it was asked; forgets what was learned longer than `memory` ago.
    pub fn learn(&self, ids: Vec<SessionId>, asked: Asked, memory: Duration) {
        let mut known = self.0.write().expect("no thread panics while it holds this lock");
        known.ended.retain(|_, learned_at| learned_at.elapsed() < memory);
        for id in ids {
            known.ended.entry(id).or_insert(asked.instant);
        }
        known.asked = Some(asked);
    }

    pub fn last_asked(&self) -> Option<Asked> {
        self.0.read().expect("no thread panics while it holds this lock").asked
    }
}
