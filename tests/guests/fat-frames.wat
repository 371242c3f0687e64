;; Calls itself with a thousand variables each time.
;; world: receiving
(module
  (memory (export "memory") 1)
  ;; include: connector
  (func $deeper (param i64) (result i64)
    (local $last i64)
;;* 1000 (local i64)
;;* 1000 (local.set {} (i64.add (local.get 0) (i64.const {})))
    (local.set $last (call $deeper (local.get 500)))
;;* 1000 (local.set 0 (i64.xor (local.get 0) (local.get {})))
    (i64.add (local.get 0) (local.get $last)))
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    (drop (call $deeper (i64.const 0)))
    (i32.const 2048)))
