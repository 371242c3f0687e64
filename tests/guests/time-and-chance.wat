;; Reports the time and a random number: both the same for the same delivery.
;; world: with-system
(module
  (import "wasi:clocks/wall-clock@0.2.0" "now" (func $wall (param i32)))
  (import "wasi:clocks/monotonic-clock@0.2.0" "now" (func $monotonic (result i64)))
  (import "wasi:random/random@0.2.0" "get-random-u64" (func $random (result i64)))
  (memory (export "memory") 1)
  ;; include: connector
  ;; include: room
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    (i32.store (i32.const 2056) (i32.const 2304))
    (i32.store (i32.const 2060) (i32.const 1))
    ;; the wall clock in seconds and nanoseconds, and the other clock, must agree with the delivery
    (call $wall (i32.const 3072))
    (if (i64.ne (call $monotonic) (local.get 7)) (then (unreachable)))
    (if (i64.ne
          (i64.add
            (i64.mul (i64.load (i32.const 3072)) (i64.const 1000000000))
            (i64.extend_i32_u (i32.load (i32.const 3080))))
          (local.get 7))
      (then (unreachable)))
    (i64.store (i32.const 2320) (local.get 7))
    (i64.store (i32.const 2328) (call $random))
    (i32.store8 (i32.const 2336) (i32.const 13))
    (i32.const 2048)))
