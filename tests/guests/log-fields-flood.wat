;; Writes a line with three hundred thousand empty fields.
;; world: receiving
(module
  (import "omnihub:host/log@0.1.0" "write" (func $log (param i32 i32 i32 i32 i32)))
  (memory (export "memory") 100)
  ;; include: connector
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    (call $log (i32.const 1) (i32.const 16) (i32.const 5) (i32.const 65536) (i32.const 300000))
    (i32.const 2048)))
