;; Fills sixty megabytes for ever.
;; world: receiving
(module
  (memory (export "memory") 1000)
  ;; include: connector
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    (loop $again
      (memory.fill (i32.const 65536) (i32.const 7) (i32.const 60000000))
      (br $again))
    (unreachable)
    (i32.const 2048)))
