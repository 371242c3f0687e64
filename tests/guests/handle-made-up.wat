;; Waits for a clock it was never given.
;; world: acting-with-system
(module
  (import "wasi:io/poll@0.2.0" "[method]pollable.block" (func $block (param i32)))
  (memory (export "memory") 1)
  ;; include: connector
  ;; include: room
  (func (export "omnihub:connector/action@0.1.0#perform")
    (param i32 i32 i32 i32 i32 i32 i32 i32 i64 i64 i32 i64) (result i32)
    (call $block (i32.const 12345))
    (i32.const 2048)))
