;; Asks for every pause there is.
;; world: acting
(module
  (import "omnihub:host/http@0.1.0" "pause" (func $pause (param i32 i32 i64)))
  (memory (export "memory") 1)
  ;; include: connector
  ;; include: room
  (func (export "omnihub:connector/action@0.1.0#perform")
    (param i32 i32 i32 i32 i32 i32 i32 i32 i64 i64 i32 i64) (result i32)
    (loop $again
      (call $pause (i32.const 160) (i32.const 3) (i64.const -1))
      (br $again))
    (unreachable)
    (i32.const 2048)))
