//! How often anybody may ask. Pure: it is told the time. A rate is counted for each key by itself (GCRA, ITU-T I.371), so
//! that nobody's flood keeps another waiting, and no wait is longer than the rate's own interval, whatever the clock does.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use hub_model::Timestamp;

/// So many at once, then one in each interval.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    pub(super) at_once: u32,
    pub(super) every: Duration,
}

/// Keys counted by themselves. Past it, those who come new share one count: they are addresses, and there is no end of
/// them.
const KEYS_MAX: usize = 4_096;

/// Counts by key.
pub(super) struct Counts<K> {
    rate: Rate,
    /// The time by which all that was counted would have come at an even pace.
    even: HashMap<K, Timestamp>,
    shared: Timestamp,
}

impl<K: Hash + Eq> Counts<K> {
    pub(super) fn new(rate: Rate) -> Self {
        Self { rate, even: HashMap::new(), shared: Timestamp::default() }
    }

    /// How long a key has to wait, if it has to.
    pub(super) fn wait(&mut self, key: &K, now: Timestamp) -> Option<Duration> {
        let Rate { at_once, every } = self.rate;
        // Where a clock was set back, what was counted lies in the future: never further than all that may come at once.
        let latest = now.plus(every * at_once.max(1));
        let even = self.even_of(key)?;
        *even = (*even).min(latest);
        let earliest = even.minus(every * at_once.saturating_sub(1));
        (earliest > now).then(|| earliest.since(now))
    }

    /// Counts one, or says how long to wait.
    pub(super) fn take(&mut self, key: K, now: Timestamp) -> Result<(), Duration> {
        if self.is_full() && !self.even.contains_key(&key) {
            self.even.retain(|_, even| *even > now);
        }
        if let Some(wait) = self.wait(&key, now) {
            return Err(wait);
        }
        let every = self.rate.every;
        let even = match self.even_of(&key) {
            Some(even) => even,
            None => self.even.entry(key).or_default(),
        };
        *even = (*even).max(now).plus(every);
        Ok(())
    }

    /// A key's own count; one of those who share where there is no room for another; `None` for the first of a key.
    fn even_of(&mut self, key: &K) -> Option<&mut Timestamp> {
        let is_full = self.is_full();
        self.even.get_mut(key).or(is_full.then_some(&mut self.shared))
    }

    fn is_full(&self) -> bool {
        self.even.len() >= KEYS_MAX
    }
}

/// Whom an address stands for: of IPv6 everybody is given a whole network of 64 bits.
pub(super) fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64)).into(),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { at_once: 3, every: Duration::from_secs(10) };

    fn second(second: i64) -> Timestamp {
        Timestamp(second * 1_000_000_000)
    }

    /// What each of these moments, in seconds, is answered: the seconds to wait.
    fn check_waits(moments: &[i64], expected: &[u64]) {
        let mut counts = Counts::new(RATE);
        let waits: Vec<u64> = moments
            .iter()
            .map(|at| counts.take("ana", second(*at)).err().map_or(0, |wait| wait.as_secs()))
            .collect();
        assert_eq!(waits, expected, "{moments:?}");
    }

    #[test]
    fn so_many_at_once_and_then_one_in_each_interval() {
        check_waits(
            &[0, 0, 0, 0, 4, 10, 10, 19, 20, 50, 50, 50, 50],
            &[0, 0, 0, 10, 6, 0, 10, 1, 0, 0, 0, 0, 10],
        );
    }

    #[test]
    fn asking_too_soon_makes_no_wait_longer() {
        check_waits(&[0, 0, 0, 1, 1, 1, 1, 1, 9, 10], &[0, 0, 0, 9, 9, 9, 9, 9, 1, 0]);
    }

    #[test]
    fn a_clock_that_is_set_back_keeps_nobody_waiting_for_longer_than_the_interval() {
        check_waits(&[86_400, 86_400, 86_400, 0, 10, 10], &[0, 0, 0, 10, 0, 10]);
    }

    #[test]
    fn nobody_waits_for_another() {
        let mut counts = Counts::new(RATE);
        while counts.take("tom", second(0)).is_ok() {}
        assert!(counts.wait(&"tom", second(0)).is_some());
        assert_eq!(counts.wait(&"ana", second(0)), None);
        assert_eq!(counts.take("ana", second(0)), Ok(()));
    }

    #[test]
    fn more_keys_than_there_is_room_for_share_one_count_until_others_have_rested() {
        let mut counts = Counts::new(RATE);
        for key in 0..KEYS_MAX {
            counts.take(key, second(0)).unwrap();
        }
        for key in KEYS_MAX..KEYS_MAX + 3 {
            counts.take(key, second(0)).unwrap();
        }
        assert!(counts.take(KEYS_MAX + 9, second(0)).is_err(), "strangers have used up what they share");
        assert_eq!(counts.take(0, second(0)), Ok(()), "who was known before is not among them");
        assert_eq!(counts.take(KEYS_MAX + 9, second(60)), Ok(()));
        assert_eq!(counts.even.len(), 1, "who has rested is forgotten");
    }

    #[test]
    fn an_address_stands_for_its_network() {
        let of = |text: &str| neighbourhood(text.parse().unwrap()).to_string();
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(of("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(of("192.0.2.7"), "192.0.2.7");
    }
}
