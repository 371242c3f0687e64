;; Keeps a value and fails: the value must not be kept.
;; world: acting
;; expect: failure rejected
(module
  (import "omnihub:host/state@0.1.0" "set" (func $set (param i32 i32 i32 i32)))
  (memory (export "memory") 1)
  (global $heap (mut i32) (i32.const 4096))
  ;; The manifest is at 64: id and version, then nothing. An empty report is at 2048. The heap begins at 4096.
  (data (i32.const 16) "guest")
  (data (i32.const 24) "1.0.0")
  (data (i32.const 64) "\10\00\00\00\05\00\00\00\18\00\00\00\05\00\00\00")
  (func (export "cabi_realloc") (param i32 i32 i32) (param $bytes i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
    (global.set $heap (i32.add (local.get $at) (local.get $bytes)))
    (local.get $at))
  (func (export "omnihub:connector/describe@0.1.0#describe") (result i32) (i32.const 64))
  (func (export "omnihub:connector/action@0.1.0#perform")
    (param i32 i32 i32 i32 i32 i32 i32 i32 i64 i64 i32 i64) (result i32)
    (call $set (i32.const 16) (i32.const 5) (i32.const 24) (i32.const 5))
    ;; result: error; failure: case 1, rejected, for the reason at 24
    (i32.store8 (i32.const 2048) (i32.const 1))
    (i32.store8 (i32.const 2056) (i32.const 1))
    (i32.store (i32.const 2064) (i32.const 24))
    (i32.store (i32.const 2068) (i32.const 5))
    (i32.const 2048)))
