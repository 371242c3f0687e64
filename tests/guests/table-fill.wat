;; Copies a table onto itself for ever.
;; world: receiving
(module
  (memory (export "memory") 1)
  ;; include: connector
  (table 40001 funcref)
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    (loop $again
      (table.copy (i32.const 0) (i32.const 1) (i32.const 40000))
      (br $again))
    (unreachable)
    (i32.const 2048)))
