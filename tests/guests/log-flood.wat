;; Writes a thousand lines with a colour code and a line feed, which the log must not obey.
;; world: receiving
;; expect: answer
(module
  (import "omnihub:host/log@0.1.0" "write" (func $log (param i32 i32 i32 i32 i32)))
  (memory (export "memory") 1)
  (global $heap (mut i32) (i32.const 4096))
  ;; The manifest is at 64: id and version, then nothing. An empty report is at 2048. The heap begins at 4096.
  (data (i32.const 16) "guest")
  (data (i32.const 24) "1.0.0")
  (data (i32.const 64) "\10\00\00\00\05\00\00\00\18\00\00\00\05\00\00\00")
  (data (i32.const 1024) "\1b[31mred\0aend")
  ;; one field: name and value are the message's first byte
  (data (i32.const 1040) "\00\04\00\00\01\00\00\00\00\04\00\00\01\00\00\00")
  (func (export "cabi_realloc") (param i32 i32 i32) (param $bytes i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
    (global.set $heap (i32.add (local.get $at) (local.get $bytes)))
    (local.get $at))
  (func (export "omnihub:connector/describe@0.1.0#describe") (result i32) (i32.const 64))
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    (local $lines i32)
    (loop $again
      (call $log (i32.const 3) (i32.const 1024) (i32.const 12) (i32.const 1040) (i32.const 1))
      (local.set $lines (i32.add (local.get $lines) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $lines) (i32.const 1000))))
    (i32.const 2048)))
