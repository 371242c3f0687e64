;; Nests a block in a block, thirty thousand times.
;; world: receiving
(module
  (memory (export "memory") 1)
  ;; include: connector
  (func $deep
;;* 30000 block
;;* 30000 end
  )
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    (call $deep)
    (i32.const 2048)))
