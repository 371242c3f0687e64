;; Gives up before it is there.
;; world: receiving
(module
  (memory (export "memory") 1)
  ;; include: connector
  (start $begin)
  (func $begin
    (unreachable))
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    (i32.const 2048)))
