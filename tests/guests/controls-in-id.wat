;; Has an id that would clear the screen.
;; world: receiving
(module
  (memory (export "memory") 1)
  ;; include: connector
  (start $begin)
  (func $begin
    (i32.store (i32.const 16) (i32.const 0x4a325b1b)))
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    (i32.const 2048)))
