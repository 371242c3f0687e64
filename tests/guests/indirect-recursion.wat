;; Calls itself through a table.
;; world: receiving
(module
  (memory (export "memory") 1)
  ;; include: connector
  (table funcref (elem $self))
  (func $self (call_indirect (i32.const 0)) (call_indirect (i32.const 0)))
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    (call_indirect (i32.const 0))
    (i32.const 2048)))
