;; Notes a remark there is none of.
;; world: receiving
(module
  (memory (export "memory") 1)
  ;; include: connector
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    ;; success; no event, one note at 2304
    (i32.store (i32.const 2064) (i32.const 2304))
    (i32.store (i32.const 2068) (i32.const 1))
    (i32.store8 (i32.const 2312) (i32.const 50))
    (i32.const 2048)))
