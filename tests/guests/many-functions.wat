;; Has twenty thousand functions, with a name each.
;; world: receiving
(module
  (memory (export "memory") 1)
  ;; include: connector
;;* 20000 (func $one_of_so_many_functions_that_nobody_calls_{} (result i32) (i32.const {}))
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    (i32.const 2048)))
