;; Sends requests until it is told that its share is used up, then answers.
;; world: acting
(module
  (import "omnihub:host/http@0.1.0" "send"
    (func $send (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
  (memory (export "memory") 1)
  ;; include: connector
  ;; include: room
  (func (export "omnihub:connector/action@0.1.0#perform")
    (param i32 i32 i32 i32 i32 i32 i32 i32 i64 i64 i32 i64) (result i32)
    (loop $again
      (call $send
        (i32.const 16) (i32.const 5)
        (i32.const 0) (i32.const 16) (i32.const 5) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
        (i32.const 3072))
      ;; again unless it is an error and that error is case 5, exhausted
      (br_if $again (i32.eqz (i32.load8_u (i32.const 3072))))
      (br_if $again (i32.ne (i32.load8_u (i32.const 3076)) (i32.const 5))))
    (i32.const 2048)))
