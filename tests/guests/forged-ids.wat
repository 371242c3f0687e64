;; Reports events whose names and keys are made to look like another connection's, or like each other.
;; world: receiving
(module
  (memory (export "memory") 2)
  ;; include: connector
  (data (i32.const 1024) "order.paid7001-1")
  (data (i32.const 1040) "shop\00order.paid")
  (func $event (param $number i32) (param $name i32) (param $bytes i32) (param $key i32) (param $key_bytes i32)
    (local $at i32)
    (local.set $at (i32.add (i32.const 65536) (i32.mul (local.get $number) (i32.const 360))))
    (i32.store (local.get $at) (local.get $name))
    (i32.store offset=4 (local.get $at) (local.get $bytes))
    (i32.store offset=8 (local.get $at) (local.get $key))
    (i32.store offset=12 (local.get $at) (local.get $key_bytes))
    (i32.store8 offset=32 (local.get $at) (i32.const 13)))
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    ;; success; six events at 65536, 360 bytes each
    (i32.store (i32.const 2056) (i32.const 65536))
    (i32.store (i32.const 2060) (i32.const 6))
    (call $event (i32.const 0) (i32.const 1024) (i32.const 10) (i32.const 1034) (i32.const 6))
    ;; the same letters with the border elsewhere
    (call $event (i32.const 1) (i32.const 1024) (i32.const 9) (i32.const 1033) (i32.const 7))
    (call $event (i32.const 2) (i32.const 1024) (i32.const 16) (i32.const 1024) (i32.const 0))
    (call $event (i32.const 3) (i32.const 1024) (i32.const 0) (i32.const 1024) (i32.const 16))
    ;; with the other connection before it, and a zero
    (call $event (i32.const 4) (i32.const 1040) (i32.const 15) (i32.const 1034) (i32.const 6))
    (call $event (i32.const 5) (i32.const 1044) (i32.const 11) (i32.const 1034) (i32.const 6))
    (i32.const 2048)))
