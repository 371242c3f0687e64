;; Subscribes to a million topics without a name.
;; world: subscribing
(module
  (memory (export "memory") 500)
  ;; include: connector
  ;; include: room
  (func (export "omnihub:connector/subscription@0.1.0#check") (param i32 i32 i32) (result i32)
    (i32.store (i32.const 2056) (i32.const 65536))
    (i32.store (i32.const 2060) (i32.const 1000000))
    (i32.const 2048)))
