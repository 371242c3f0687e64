;; Asks for randomness for ever.
;; world: with-system
(module
  (import "wasi:random/random@0.2.0" "get-random-u64" (func $random (result i64)))
  (memory (export "memory") 1)
  ;; include: connector
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    (loop $again
      (drop (call $random))
      (br $again))
    (unreachable)
    (i32.const 2048)))
