;; Fails, and asks to be tried again in half a billion years.
;; world: receiving
(module
  (memory (export "memory") 1)
  ;; include: connector
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    (i32.store8 (i32.const 2048) (i32.const 1))
    (i64.store (i32.const 2064) (i64.const -1))
    (i32.const 2048)))
