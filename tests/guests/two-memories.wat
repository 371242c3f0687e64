;; Spreads its greed over two memories of 40 MiB: the cap is on their sum.
;; world: receiving
(module
  (memory (export "memory") 640)
  (memory 640)
  ;; include: connector
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    (i32.const 2048)))
