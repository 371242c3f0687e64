;; Never says whether the provider delivers.
;; world: subscribing
(module
  (memory (export "memory") 1)
  ;; include: connector
  ;; include: room
  (func (export "omnihub:connector/subscription@0.1.0#check") (param i32 i32 i32) (result i32)
    (loop $again (br $again))
    (unreachable)
    (i32.const 2048)))
