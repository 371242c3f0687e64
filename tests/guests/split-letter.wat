;; Reports a name that ends in the middle of a letter.
;; world: receiving
(module
  (memory (export "memory") 1)
  ;; include: connector
  (data (i32.const 1024) "\e2\82\ac")
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    ;; success; one event at 2304
    (i32.store (i32.const 2056) (i32.const 2304))
    (i32.store (i32.const 2060) (i32.const 1))
    (i32.store (i32.const 2304) (i32.const 1024))
    (i32.store (i32.const 2308) (i32.const 2))
    (i32.const 2048)))
