;; Reports a thousand tags that are all the same megabyte of its memory.
;; world: receiving
(module
  (memory (export "memory") 20)
  ;; include: connector
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    (local $at i32)
    ;; success; one event at 2304
    (i32.store (i32.const 2056) (i32.const 2304))
    (i32.store (i32.const 2060) (i32.const 1))
    (i32.store (i32.const 2412) (i32.const 65536))
    (i32.store (i32.const 2416) (i32.const 1000))
    (loop $again
      (i32.store offset=65536 (local.get $at) (i32.const 131072))
      (i32.store offset=65540 (local.get $at) (i32.const 1048576))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br_if $again (i32.lt_u (local.get $at) (i32.const 8000))))
    (i32.const 2048)))
