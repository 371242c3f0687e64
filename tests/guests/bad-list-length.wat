;; Hands over a list of four billion events.
;; world: receiving
(module
  (memory (export "memory") 1)
  ;; include: connector
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    (i32.store (i32.const 2056) (i32.const 4096))
    (i32.store (i32.const 2060) (i32.const -1))
    (i32.const 2048)))
