;; Asks for a setting by a name of two megabytes, for ever.
;; world: receiving
(module
  (import "omnihub:host/config@0.1.0" "get" (func $config (param i32 i32 i32)))
  (memory (export "memory") 40)
  ;; include: connector
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    (loop $again
      (call $config (i32.const 65536) (i32.const 2000000) (i32.const 3072))
      (br $again))
    (unreachable)
    (i32.const 2048)))
