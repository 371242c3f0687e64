;; Gives the hub a megabyte for each byte, from memory that grows until it is told no.
;; world: receiving
(module
  (memory (export "memory") 1)
  ;; include: connector
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $grown i32)
    (loop $again
      (local.set $grown (memory.grow (i32.const 16)))
      (br_if $again (i32.ge_s (local.get $grown) (i32.const 0))))
    (i32.const 4096))
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    (i32.const 2048)))
