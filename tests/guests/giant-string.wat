;; Fails with a reason of nine megabytes.
;; world: receiving
(module
  (memory (export "memory") 160)
  ;; include: connector
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    ;; result: error; failure: case 1, rejected
    (i32.store8 (i32.const 2048) (i32.const 1))
    (i32.store8 (i32.const 2056) (i32.const 1))
    (i32.store (i32.const 2064) (i32.const 65536))
    (i32.store (i32.const 2068) (i32.const 9437184))
    (i32.const 2048)))
