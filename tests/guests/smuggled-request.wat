;; Puts a second request into a header; traps unless it is denied.
;; world: acting
(module
  (import "omnihub:host/http@0.1.0" "send"
    (func $send (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
  (memory (export "memory") 1)
  ;; include: connector
  (data (i32.const 1024) "x-a")
  (data (i32.const 1028) "b\0d\0a\0d\0aGET /stolen HTTP/1.1\0d\0ahost: x")
  ;; include: room
  (func (export "omnihub:connector/action@0.1.0#perform")
    (param i32 i32 i32 i32 i32 i32 i32 i32 i64 i64 i32 i64) (result i32)
    (i32.store (i32.const 3300) (i32.const 1024))
    (i32.store (i32.const 3304) (i32.const 3))
    (i32.store (i32.const 3308) (i32.const 1028))
    (i32.store (i32.const 3312) (i32.const 34))
    (call $send
        (i32.const 160) (i32.const 3) (i32.const 0) (i32.const 256) (i32.const 1)
        (i32.const 3300) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)
        (i32.const 3072))
    ;; an error, and that of case 1: denied
    (if (i32.ne (i32.load8_u (i32.const 3072)) (i32.const 1)) (then (unreachable)))
    (if (i32.ne (i32.load8_u (i32.const 3076)) (i32.const 1)) (then (unreachable)))
    (i32.const 2048)))
