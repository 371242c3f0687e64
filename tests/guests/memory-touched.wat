;; Writes all the memory it may have, then answers: it has to be given back.
;; world: receiving
(module
  (memory (export "memory") 1023)
  ;; include: connector
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    (memory.fill (i32.const 65536) (i32.const 7) (i32.const 66000000))
    (i32.const 2048)))
