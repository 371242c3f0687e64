;; Calls itself until there is no stack.
;; world: receiving
(module
  (memory (export "memory") 1)
  ;; include: connector
  (func $deeper (param i32) (result i32)
    (i32.add (call $deeper (i32.add (local.get 0) (i32.const 1))) (i32.const 1)))
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    (call $deeper (i32.const 0))))
