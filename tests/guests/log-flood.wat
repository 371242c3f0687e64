;; Writes a thousand lines with a colour code and a line feed, which the log must not obey.
;; world: receiving
(module
  (import "omnihub:host/log@0.1.0" "write" (func $log (param i32 i32 i32 i32 i32)))
  (memory (export "memory") 1)
  ;; include: connector
  (data (i32.const 1024) "\1b[31mred\0aend")
  ;; one field: name and value are the message's first byte
  (data (i32.const 1040) "\00\04\00\00\01\00\00\00\00\04\00\00\01\00\00\00")
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    (local $lines i32)
    (loop $again
      (call $log (i32.const 3) (i32.const 1024) (i32.const 12) (i32.const 1040) (i32.const 1))
      (local.set $lines (i32.add (local.get $lines) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $lines) (i32.const 1000))))
    (i32.const 2048)))
