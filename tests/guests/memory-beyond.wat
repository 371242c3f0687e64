;; Reads beyond its memory.
;; world: receiving
(module
  (memory (export "memory") 1)
  ;; include: connector
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    (drop (i64.load offset=4294967280 (i32.const -1)))
    (i32.const 2048)))
