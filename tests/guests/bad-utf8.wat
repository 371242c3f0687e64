;; Fails with a reason that is not UTF-8.
;; world: receiving
(module
  (memory (export "memory") 1)
  ;; include: connector
  (data (i32.const 1024) "ok\ff\fe")
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    (i32.store8 (i32.const 2048) (i32.const 1))
    (i32.store8 (i32.const 2056) (i32.const 1))
    (i32.store (i32.const 2064) (i32.const 1024))
    (i32.store (i32.const 2068) (i32.const 4))
    (i32.const 2048)))
