;; Gives a clock back twice.
;; world: acting-with-system
(module
  (import "wasi:clocks/monotonic-clock@0.2.0" "subscribe-duration" (func $subscribe (param i64) (result i32)))
  (import "wasi:io/poll@0.2.0" "[resource-drop]pollable" (func $drop (param i32)))
  (memory (export "memory") 1)
  ;; include: connector
  ;; include: room
  (func (export "omnihub:connector/action@0.1.0#perform")
    (param i32 i32 i32 i32 i32 i32 i32 i32 i64 i64 i32 i64) (result i32)
    (local.set 0 (call $subscribe (i64.const 1)))
    (call $drop (local.get 0))
    (call $drop (local.get 0))
    (i32.const 2048)))
