//! Lines a guest writes. Capped, escaped and counted here; where they go is the host's [`LogSink`].

use std::sync::Arc;

use crate::install::PluginName;
use crate::limits::LOG_LINE_BYTES_MAX;
use crate::plain_text::plain;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    Debug,
    Info,
    Warn,
    Error,
}

/// Where the lines of plugins go. Called on the thread that runs the guest, on its CPU budget: hand over and return.
pub trait LogSink: Send + Sync {
    fn line(&self, plugin: &PluginName, level: LogLevel, message: &str, fields: &[(String, String)]);
}

/// Nobody listens.
pub(crate) struct NoLog;

impl LogSink for NoLog {
    fn line(&self, _: &PluginName, _: LogLevel, _: &str, _: &[(String, String)]) {}
}

/// What one call has written so far.
pub(crate) struct CallLog {
    sink: Arc<dyn LogSink>,
    lines: u32,
    lines_max: u32,
    dropped: u32,
}

impl CallLog {
    pub(crate) fn new(sink: Arc<dyn LogSink>, lines_max: u32) -> Self {
        Self { sink, lines: 0, lines_max, dropped: 0 }
    }

    pub(crate) fn write(
        &mut self,
        plugin: &PluginName,
        level: LogLevel,
        message: &str,
        fields: &[(String, String)],
    ) {
        if self.lines >= self.lines_max {
            self.dropped = self.dropped.saturating_add(1);
            return;
        }
        self.lines += 1;
        let message = plain(message, LOG_LINE_BYTES_MAX);
        let fields = fields_within(fields, LOG_LINE_BYTES_MAX.saturating_sub(message.len()));
        self.sink.line(plugin, level, &message, &fields);
    }

    /// The call is over: says how many lines nobody saw.
    pub(crate) fn close(&self, plugin: &PluginName) {
        if self.dropped > 0 {
            let count = ("dropped".to_owned(), self.dropped.to_string());
            self.sink.line(
                plugin,
                LogLevel::Warn,
                "log lines over the limit of a call were dropped",
                &[count],
            );
        }
    }
}

/// What a log writes around a name and a value; with it a line of a million empty fields is not free.
const FIELD_SEPARATORS: usize = 2;

/// The first fields that fit the rest of the line.
fn fields_within(fields: &[(String, String)], bytes_max: usize) -> Vec<(String, String)> {
    let mut left = bytes_max;
    let mut kept = Vec::new();
    for (name, value) in fields {
        let (name, value) = (plain(name, left), plain(value, left));
        let Some(rest) = left.checked_sub(name.len() + value.len() + FIELD_SEPARATORS) else { break };
        left = rest;
        kept.push((name, value));
    }
    kept
}
