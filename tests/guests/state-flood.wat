;; Keeps a value under more keys than allowed.
;; world: acting
(module
  (import "omnihub:host/state@0.1.0" "set" (func $set (param i32 i32 i32 i32)))
  (memory (export "memory") 1)
  ;; include: connector
  ;; include: room
  (func (export "omnihub:connector/action@0.1.0#perform")
    (param i32 i32 i32 i32 i32 i32 i32 i32 i64 i64 i32 i64) (result i32)
    (local $key i32)
    (loop $again
      (i32.store8 (i32.const 1024) (i32.add (i32.const 32) (local.get $key)))
      (call $set (i32.const 1024) (i32.const 1) (i32.const 24) (i32.const 5))
      (local.set $key (i32.add (local.get $key) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $key) (i32.const 90))))
    (i32.const 2048)))
