;; Reports an identity that is proven in no known way.
;; world: receiving
(module
  (memory (export "memory") 1)
  ;; include: connector
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    ;; success; one event at 2304
    (i32.store (i32.const 2056) (i32.const 2304))
    (i32.store (i32.const 2060) (i32.const 1))
    ;; a customer with one identity, at 2560
    (i32.store (i32.const 2344) (i32.const 2560))
    (i32.store (i32.const 2348) (i32.const 1))
    (i32.store8 (i32.const 2580) (i32.const 200))
    (i32.const 2048)))
