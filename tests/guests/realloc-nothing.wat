;; Gives the hub room at 0, over its own words: nobody is harmed but itself.
;; world: receiving
(module
  (memory (export "memory") 1)
  ;; include: connector
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (i32.const 0))
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    (i32.const 2048)))
