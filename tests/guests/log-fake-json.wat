;; Writes lines that would be lines of the hub's own, were they not escaped.
;; world: receiving
(module
  (import "omnihub:host/log@0.1.0" "write" (func $log (param i32 i32 i32 i32 i32)))
  (memory (export "memory") 1)
  ;; include: connector
  (data (i32.const 1024) "\22}\0a{\22level\22:\22ERROR\22,\22message\22:\22journal verify failed\22}\0d\00\7f\c2\85")
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    (local $lines i32)
    (loop $again
      (call $log (i32.const 1) (i32.const 1024) (i32.const 59) (i32.const 0) (i32.const 0))
      (local.set $lines (i32.add (local.get $lines) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $lines) (i32.const 100))))
    (i32.const 2048)))
