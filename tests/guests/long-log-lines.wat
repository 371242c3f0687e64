;; Writes lines of a megabyte until it is stopped.
;; world: receiving
(module
  (import "omnihub:host/log@0.1.0" "write" (func $log (param i32 i32 i32 i32 i32)))
  (memory (export "memory") 20)
  ;; include: connector
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    (loop $again
      (call $log (i32.const 1) (i32.const 65536) (i32.const 1000000) (i32.const 0) (i32.const 0))
      (br $again))
    (unreachable)
    (i32.const 2048)))
