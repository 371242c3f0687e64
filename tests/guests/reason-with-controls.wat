;; Fails with a reason that clears the screen, begins a line and turns the writing round.
;; world: receiving
(module
  (memory (export "memory") 1)
  ;; include: connector
  (data (i32.const 1024) "\1b[2J\0d\0a{\22level\22:\22error\22}\00\07\e2\80\aeecivres \e2\80\a8 end")
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    (i32.store8 (i32.const 2048) (i32.const 1))
    (i32.store8 (i32.const 2056) (i32.const 1))
    (i32.store (i32.const 2064) (i32.const 1024))
    (i32.store (i32.const 2068) (i32.const 43))
    (i32.const 2048)))
