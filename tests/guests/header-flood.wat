;; Sends a hundred thousand headers.
;; world: acting
(module
  (import "omnihub:host/http@0.1.0" "send"
    (func $send (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
  (memory (export "memory") 30)
  ;; include: connector
  ;; include: room
  (func (export "omnihub:connector/action@0.1.0#perform")
    (param i32 i32 i32 i32 i32 i32 i32 i32 i64 i64 i32 i64) (result i32)
    (call $send
        (i32.const 160) (i32.const 3) (i32.const 0) (i32.const 256) (i32.const 1)
        (i32.const 65536) (i32.const 100000) (i32.const 0) (i32.const 0) (i32.const 0)
        (i32.const 3072))
    (i32.const 2048)))
