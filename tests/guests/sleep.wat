;; Waits an hour by a clock that stands still.
;; world: with-system
(module
  (import "wasi:clocks/monotonic-clock@0.2.0" "subscribe-duration" (func $subscribe (param i64) (result i32)))
  (memory (export "memory") 1)
  ;; include: connector
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    (drop (call $subscribe (i64.const 3600000000000)))
    (i32.const 2048)))
