;; Has one function of a hundred thousand steps.
;; world: receiving
(module
  (memory (export "memory") 1)
  ;; include: connector
  (func $huge (param i32) (result i32)
;;* 100000 (local.set 0 (i32.add (i32.mul (local.get 0) (i32.const 3)) (i32.const {})))
    (local.get 0))
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    (drop (call $huge (local.get 6)))
    (i32.const 2048)))
