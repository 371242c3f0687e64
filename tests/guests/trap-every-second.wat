;; Traps at every second delivery; whoever calls next finds it as new.
;; world: receiving
(module
  (memory (export "memory") 1)
  ;; include: connector
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    ;; the body ends with the call's number
    (if (i32.and (i32.load8_u (i32.sub (i32.add (local.get 5) (local.get 6)) (i32.const 1))) (i32.const 1))
      (then (unreachable)))
    (i32.const 2048)))
