;; Calls the endpoint it declares and nobody granted, with everything it was told; traps unless it is refused.
;; world: acting
(module
  (import "omnihub:host/http@0.1.0" "send"
    (func $send (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
  (memory (export "memory") 1)
  ;; include: connector
  ;; include: room
  (func (export "omnihub:connector/action@0.1.0#perform")
    (param i32 i32 i32 i32 i32 i32 i32 i32 i64 i64 i32 i64) (result i32)
    (call $send
        (i32.const 168) (i32.const 9) (i32.const 1) (i32.const 256) (i32.const 1)
        (i32.const 0) (i32.const 0) (i32.const 1) (local.get 0) (local.get 1)
        (i32.const 3072))
    (if (i32.eqz (i32.load8_u (i32.const 3072))) (then (unreachable)))
    (i32.const 2048)))
