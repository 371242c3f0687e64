;; Reports a customer with eight million tags, each of them empty.
;; world: receiving
(module
  (memory (export "memory") 1023)
  ;; include: connector
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    ;; success; one event at 2304
    (i32.store (i32.const 2056) (i32.const 2304))
    (i32.store (i32.const 2060) (i32.const 1))
    ;; a customer, whose new tags are zeros
    (i32.store (i32.const 2412) (i32.const 65536))
    (i32.store (i32.const 2416) (i32.const 8000000))
    (i32.const 2048)))
