;; Calls a function as if it took a number.
;; world: receiving
(module
  (memory (export "memory") 1)
  ;; include: connector
  (table funcref (elem $none))
  (func $none)
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    (call_indirect (param i32) (i32.const 1) (i32.const 0))
    (i32.const 2048)))
