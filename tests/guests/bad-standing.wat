;; Says that a subscription stands as none can.
;; world: subscribing
(module
  (memory (export "memory") 1)
  ;; include: connector
  ;; include: room
  (func (export "omnihub:connector/subscription@0.1.0#check") (param i32 i32 i32) (result i32)
    (i32.store (i32.const 2056) (i32.const 2304))
    (i32.store (i32.const 2060) (i32.const 1))
    (i32.store8 (i32.const 2312) (i32.const 3))
    (i32.const 2048)))
