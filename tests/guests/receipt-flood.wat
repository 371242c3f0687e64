;; Says of what it did a million empty things.
;; world: acting
(module
  (memory (export "memory") 300)
  ;; include: connector
  ;; include: room
  (func (export "omnihub:connector/action@0.1.0#perform")
    (param i32 i32 i32 i32 i32 i32 i32 i32 i64 i64 i32 i64) (result i32)
    (i32.store (i32.const 2072) (i32.const 65536))
    (i32.store (i32.const 2076) (i32.const 1000000))
    (i32.const 2048)))
