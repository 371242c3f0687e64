;; Wants the web for itself.
;; world: with-web
(module
  (import "wasi:http/outgoing-handler@0.2.0" "handle" (func $handle (result i32)))
  (memory (export "memory") 1)
  ;; include: connector
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    (drop (call $handle))
    (i32.const 2048)))
