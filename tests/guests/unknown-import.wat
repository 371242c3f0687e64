;; Wants a vault nobody has.
;; world: with-vault
(module
  (import "acme:secrets/vault@1.0.0" "read" (func $read (param i32)))
  (memory (export "memory") 1)
  ;; include: connector
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    (call $read (i32.const 3072))
    (i32.const 2048)))
