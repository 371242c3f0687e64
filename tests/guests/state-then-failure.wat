;; Keeps a value and fails: the value must not be kept.
;; world: acting
(module
  (import "omnihub:host/state@0.1.0" "set" (func $set (param i32 i32 i32 i32)))
  (memory (export "memory") 1)
  ;; include: connector
  ;; include: room
  (func (export "omnihub:connector/action@0.1.0#perform")
    (param i32 i32 i32 i32 i32 i32 i32 i32 i64 i64 i32 i64) (result i32)
    (call $set (i32.const 16) (i32.const 5) (i32.const 24) (i32.const 5))
    ;; result: error; failure: case 1, rejected, for the reason at 24
    (i32.store8 (i32.const 2048) (i32.const 1))
    (i32.store8 (i32.const 2056) (i32.const 1))
    (i32.store (i32.const 2064) (i32.const 24))
    (i32.store (i32.const 2068) (i32.const 5))
    (i32.const 2048)))
