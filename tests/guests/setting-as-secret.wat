;; Wants a setting sent that is no secret, as if it were one.
;; world: receiving
(module
  (memory (export "memory") 1)
  ;; include: connector
  (start $begin)
  (func $begin
    (i32.store8 (i32.const 328) (i32.const 0)))
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    (i32.const 2048)))
