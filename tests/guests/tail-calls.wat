;; Calls itself for ever, without needing a stack.
;; world: receiving
(module
  (memory (export "memory") 1)
  ;; include: connector
  (func $again (return_call $again))
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    (call $again)
    (i32.const 2048)))
