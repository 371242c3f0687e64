;; Returns a page whose cursor is a book.
;; world: polling
(module
  (memory (export "memory") 2)
  ;; include: connector
  ;; include: room
  (func (export "omnihub:connector/poll@0.1.0#poll") (param i32 i32 i32 i32 i32 i32 i64 i64) (result i32)
    (i32.store8 (i32.const 2072) (i32.const 1))
    (i32.store (i32.const 2076) (i32.const 65536))
    (i32.store (i32.const 2080) (i32.const 20000))
    (i32.const 2048)))
