;; Asks the provider in the name of another host; traps unless it is denied.
;; world: acting
(module
  (import "omnihub:host/config@0.1.0" "get" (func $config (param i32 i32 i32)))
  (import "omnihub:host/http@0.1.0" "send"
    (func $send (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
  (memory (export "memory") 1)
  ;; include: connector
  (data (i32.const 1024) "host")
  ;; include: room
  (func (export "omnihub:connector/action@0.1.0#perform")
    (param i32 i32 i32 i32 i32 i32 i32 i32 i64 i64 i32 i64) (result i32)
    (local $where i32) (local $bytes i32)
    ;; the address of the canary stands in a setting
    (call $config (i32.const 188) (i32.const 6) (i32.const 3200))
    (local.set $where (i32.load (i32.const 3204)))
    (local.set $bytes (i32.load (i32.const 3208)))
    ;; one header: host, and the canary's address
    (i32.store (i32.const 3300) (i32.const 1024))
    (i32.store (i32.const 3304) (i32.const 4))
    (i32.store (i32.const 3308) (local.get $where))
    (i32.store (i32.const 3312) (local.get $bytes))
    (call $send
        (i32.const 160) (i32.const 3) (i32.const 0) (i32.const 256) (i32.const 1)
        (i32.const 3300) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0)
        (i32.const 3072))
    ;; an error, and that of case 1: denied
    (if (i32.ne (i32.load8_u (i32.const 3072)) (i32.const 1)) (then (unreachable)))
    (if (i32.ne (i32.load8_u (i32.const 3076)) (i32.const 1)) (then (unreachable)))
    (i32.const 2048)))
