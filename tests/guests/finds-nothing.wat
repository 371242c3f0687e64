;; Looks for files, environment, arguments and sockets; traps if it finds one.
;; world: with-system
(module
  (import "wasi:filesystem/preopens@0.2.0" "get-directories" (func $directories (param i32)))
  (import "wasi:cli/environment@0.2.0" "get-environment" (func $environment (param i32)))
  (import "wasi:cli/environment@0.2.0" "get-arguments" (func $arguments (param i32)))
  (import "wasi:sockets/tcp-create-socket@0.2.0" "create-tcp-socket" (func $socket (param i32 i32)))
  (memory (export "memory") 1)
  ;; include: connector
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    (call $directories (i32.const 3072))
    (if (i32.load (i32.const 3076)) (then (unreachable)))
    (call $environment (i32.const 3072))
    (if (i32.load (i32.const 3076)) (then (unreachable)))
    (call $arguments (i32.const 3072))
    (if (i32.load (i32.const 3076)) (then (unreachable)))
    ;; a result: 1 is an error, and of the errors 1 is "access denied"
    (call $socket (i32.const 0) (i32.const 3072))
    (if (i32.ne (i32.load8_u (i32.const 3072)) (i32.const 1)) (then (unreachable)))
    (if (i32.ne (i32.load8_u (i32.const 3076)) (i32.const 1)) (then (unreachable)))
    (i32.const 2048)))
