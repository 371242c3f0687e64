;; Traps when it finds anything left of an earlier call: the second delivery must not.
;; world: receiving
(module
  (memory (export "memory") 1)
  ;; include: connector
  (global $used (mut i32) (i32.const 0))
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    (if (global.get $used) (then (unreachable)))
    (if (i32.load (i32.const 3072)) (then (unreachable)))
    (global.set $used (i32.const 1))
    (i32.store (i32.const 3072) (i32.const 1))
    (i32.const 2048)))
