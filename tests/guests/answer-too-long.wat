;; Asks for a page that never ends; traps unless it is told that nobody reads it.
;; world: acting
(module
  (import "omnihub:host/http@0.1.0" "send"
    (func $send (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
  (memory (export "memory") 1)
  ;; include: connector
  (data (i32.const 1024) "/endless")
  ;; include: room
  (func (export "omnihub:connector/action@0.1.0#perform")
    (param i32 i32 i32 i32 i32 i32 i32 i32 i64 i64 i32 i64) (result i32)
    (call $send
        (i32.const 160) (i32.const 3) (i32.const 0) (i32.const 1024) (i32.const 8)
        (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
        (i32.const 3072))
    ;; an error, and that of case 4: unreadable
    (if (i32.ne (i32.load8_u (i32.const 3072)) (i32.const 1)) (then (unreachable)))
    (if (i32.ne (i32.load8_u (i32.const 3076)) (i32.const 4)) (then (unreachable)))
    (i32.const 2048)))
