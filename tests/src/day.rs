//! A day of a shop in about a minute: hub and providers in one process, on one clock that runs hundreds of times faster
//! than the machine's. What people do is drawn from a seed; afterwards the hub's model is laid beside the providers'
//! truth. This is the one harness that reads the hub's own tables, because no API shows all of them at once.

pub mod dice;
pub mod fast;
pub mod gate;
pub mod known;
pub mod life;
pub mod owed;
pub mod rows;
pub mod rules;
pub mod truth;
