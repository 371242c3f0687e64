//! What was said on one matter: which messages belong together, which orders they name, what they are about. Functions
//! of what is known alone, asked at reading: when two customers become one or come apart, so do their conversations.

mod mentions;
mod threading;
mod topic;

pub use mentions::{OrderName, OrderNames};
pub use threading::{JoinedBy, NEAR_IN_TIME, SAME_ORDER_WITHIN, Said, Thread, thread};
pub use topic::{Topic, topic};

#[cfg(test)]
mod tests;
