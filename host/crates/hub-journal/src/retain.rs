//! Removes old segments, whole and oldest first, so that what remains is always one unbroken run of numbers.
//!
//! Never touches the segment being written and never looks at a clock: the caller says what is old.

use std::io;

use crate::catalog::{Access, Segment, Shared, lock};
use crate::{Seq, quarantine};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retired {
    pub segments: u64,
    /// The newest record removed; zero when none was.
    pub up_to: Seq,
}

#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RetainError {
    #[error("journal is open for reading only")]
    ReadOnly,
    #[error("removing segment {segment}")]
    Io { segment: String, source: io::Error },
}

pub(crate) fn retain(shared: &Shared, before_time_ns: i64) -> Result<Retired, RetainError> {
    if shared.access == Access::ReadOnly {
        return Err(RetainError::ReadOnly);
    }
    let _one_at_a_time = lock(&shared.housekeeping);
    let mut retired = Retired { segments: 0, up_to: Seq::ZERO };
    loop {
        let segments = shared.segments();
        let [oldest, following, ..] = segments.as_slice() else { break };
        let failed = |source| RetainError::Io { segment: oldest.name.clone(), source };
        if !is_older(shared, oldest, following, before_time_ns).map_err(failed)? {
            break;
        }
        if retired.segments == 0 {
            // An earlier call may have removed one and then failed to make that durable.
            shared.disk.sync_dir(&shared.dir).map_err(failed)?;
        }
        remove(shared, oldest).map_err(failed)?;
        retired.segments = retired.segments.saturating_add(1);
        retired.up_to = following.first.previous();
    }
    Ok(retired)
}

fn is_older(
    shared: &Shared,
    segment: &Segment,
    following: &Segment,
    before_time_ns: i64,
) -> io::Result<bool> {
    // Cheap way out: most calls find the oldest segment too young, and need not walk it.
    if shared.first_time_ns(segment)?.is_some_and(|first| first >= before_time_ns) {
        return Ok(false);
    }
    let newest = match shared.newest_time_ns(segment)? {
        // Nothing readable in it: it is as old as what came after.
        None => shared.first_time_ns(following)?,
        newest => newest,
    };
    Ok(newest.is_some_and(|newest| newest < before_time_ns))
}

/// Taken out of the catalog first: a reader then finds the records missing, not a file that is gone.
fn remove(shared: &Shared, segment: &std::sync::Arc<Segment>) -> io::Result<()> {
    quarantine::forget(shared.disk.as_ref(), &shared.dir, &segment.name)?;
    shared.remove_segment(segment.first);
    if let Err(error) = shared.disk.remove(&segment.path) {
        shared.add_segment(std::sync::Arc::clone(segment));
        return Err(error);
    }
    shared.forget_damage(segment);
    // Each removal is made durable before the next, so that a crash never leaves a hole.
    shared.disk.sync_dir(&shared.dir)
}
