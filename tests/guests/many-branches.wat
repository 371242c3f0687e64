;; Has one function with fifty thousand ways out of it.
;; world: receiving
(module
  (memory (export "memory") 1)
  ;; include: connector
  (func $many (param i32)
;;* 50000 (br_if 0 (i32.eq (local.get 0) (i32.const {})))
  )
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    (call $many (local.get 6))
    (i32.const 2048)))
