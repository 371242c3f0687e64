;; Declares a setting twice.
;; world: receiving
(module
  (memory (export "memory") 1)
  ;; include: connector
  (start $begin)
  (func $begin
    (i32.store (i32.const 352) (i32.const 180))
    (i32.store (i32.const 356) (i32.const 5)))
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    (i32.const 2048)))
