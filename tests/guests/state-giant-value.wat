;; Keeps a value of a megabyte.
;; world: acting
(module
  (import "omnihub:host/state@0.1.0" "set" (func $set (param i32 i32 i32 i32)))
  (memory (export "memory") 20)
  ;; include: connector
  ;; include: room
  (func (export "omnihub:connector/action@0.1.0#perform")
    (param i32 i32 i32 i32 i32 i32 i32 i32 i64 i64 i32 i64) (result i32)
    (call $set (i32.const 16) (i32.const 5) (i32.const 65536) (i32.const 1000000))
    (i32.const 2048)))
