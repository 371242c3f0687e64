;; Asks for half a million settings.
;; world: receiving
(module
  (memory (export "memory") 300)
  ;; include: connector
  (start $begin)
  (func $begin
    (i32.store (i32.const 88) (i32.const 65536))
    (i32.store (i32.const 92) (i32.const 500000)))
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    (i32.const 2048)))
