;; Keeps a value, reads it back, and succeeds: the value is kept.
;; world: acting
(module
  (import "omnihub:host/state@0.1.0" "set" (func $set (param i32 i32 i32 i32)))
  (import "omnihub:host/state@0.1.0" "get" (func $get (param i32 i32 i32)))
  (memory (export "memory") 1)
  ;; include: connector
  ;; include: room
  (func (export "omnihub:connector/action@0.1.0#perform")
    (param i32 i32 i32 i32 i32 i32 i32 i32 i64 i64 i32 i64) (result i32)
    (call $set (i32.const 16) (i32.const 5) (i32.const 24) (i32.const 5))
    (call $get (i32.const 16) (i32.const 5) (i32.const 3072))
    (if (i32.ne (i32.load8_u (i32.const 3072)) (i32.const 1)) (then (unreachable)))
    (i32.const 2048)))
