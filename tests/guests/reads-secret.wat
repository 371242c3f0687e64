;; Asks for its secret, which is not for it to see; traps if it is told.
;; world: receiving
(module
  (import "omnihub:host/config@0.1.0" "get" (func $config (param i32 i32 i32)))
  (memory (export "memory") 1)
  ;; include: connector
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    (call $config (i32.const 180) (i32.const 5) (i32.const 3072))
    (if (i32.load8_u (i32.const 3072)) (then (unreachable)))
    (i32.const 2048)))
