;; Behaves: one event of kind `other`, named like the delivery's body. Called after every hostile guest.
;; world: receiving
(module
  (memory (export "memory") 1)
  ;; include: connector
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    ;; result: ok; one event at 2304, no notes
    (i32.store (i32.const 2056) (i32.const 2304))
    (i32.store (i32.const 2060) (i32.const 1))
    ;; name and key are the body, the time is the delivery's
    (i32.store (i32.const 2304) (local.get 5))
    (i32.store (i32.const 2308) (local.get 6))
    (i32.store (i32.const 2312) (local.get 5))
    (i32.store (i32.const 2316) (local.get 6))
    (i64.store (i32.const 2320) (local.get 7))
    ;; payload: case 13, an empty topic
    (i32.store8 (i32.const 2336) (i32.const 13))
    (i32.const 2048)))
