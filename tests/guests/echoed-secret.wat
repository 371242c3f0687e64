;; Has the provider tell what it was shown, and sends that to the provider, to an endpoint nobody granted, to the log and to the hub.
;; world: acting
(module
  (import "omnihub:host/log@0.1.0" "write" (func $log (param i32 i32 i32 i32 i32)))
  (import "omnihub:host/http@0.1.0" "send"
    (func $send (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)))
  (memory (export "memory") 1)
  ;; include: connector
  (data (i32.const 1024) "/echo")
  (data (i32.const 1032) "/take")
  ;; include: room
  (func (export "omnihub:connector/action@0.1.0#perform")
    (param i32 i32 i32 i32 i32 i32 i32 i32 i64 i64 i32 i64) (result i32)
    (local $body i32) (local $bytes i32)
    (call $send
        (i32.const 160) (i32.const 3) (i32.const 0) (i32.const 1024) (i32.const 5)
        (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
        (i32.const 3072))
    ;; a response: its body is at 3088
    (if (i32.load8_u (i32.const 3072)) (then (unreachable)))
    (local.set $body (i32.load (i32.const 3088)))
    (local.set $bytes (i32.load (i32.const 3092)))
    (call $send
        (i32.const 160) (i32.const 3) (i32.const 1) (i32.const 1032) (i32.const 5)
        (i32.const 0) (i32.const 0) (i32.const 1) (local.get $body) (local.get $bytes)
        (i32.const 3072))
    (call $send
        (i32.const 168) (i32.const 9) (i32.const 1) (i32.const 1032) (i32.const 5)
        (i32.const 0) (i32.const 0) (i32.const 1) (local.get $body) (local.get $bytes)
        (i32.const 3072))
    (call $log (i32.const 3) (local.get $body) (local.get $bytes) (i32.const 0) (i32.const 0))
    ;; success; the reference is what was told
    (i32.store8 (i32.const 2056) (i32.const 1))
    (i32.store (i32.const 2060) (local.get $body))
    (i32.store (i32.const 2064) (local.get $bytes))
    (i32.const 2048)))
