;; Takes clocks and gives none back.
;; world: acting-with-system
(module
  (import "wasi:clocks/monotonic-clock@0.2.0" "subscribe-duration" (func $subscribe (param i64) (result i32)))
  (memory (export "memory") 1)
  ;; include: connector
  ;; include: room
  (func (export "omnihub:connector/action@0.1.0#perform")
    (param i32 i32 i32 i32 i32 i32 i32 i32 i64 i64 i32 i64) (result i32)
    (loop $again
      (drop (call $subscribe (i64.const 1)))
      (br $again))
    (unreachable)
    (i32.const 2048)))
