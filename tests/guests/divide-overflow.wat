;; Divides so that the result has no room.
;; world: receiving
(module
  (memory (export "memory") 1)
  ;; include: connector
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    (drop (i32.div_s (i32.const -2147483648) (i32.sub (local.get 0) (i32.const 1))))
    (i32.const 2048)))
