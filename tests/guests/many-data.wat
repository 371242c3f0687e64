;; Brings its data in fifty thousand pieces.
;; world: receiving
(module
  (memory (export "memory") 3)
  ;; include: connector
;;* 50000 (data (i32.const {}) "")
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    (i32.const 2048)))
