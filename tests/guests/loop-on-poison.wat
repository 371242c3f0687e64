;; Behaves like `sound`, but never comes to an end with a delivery that begins with "!". It can be delivered to over HTTP.
;; world: receiving
(module
  (memory (export "memory") 1)
  ;; include: connector
  ;; include: room
  ;; the manifest's webhooks: one, at 2560, signed by the standard with the secret `token`; the body stands for the delivery
  (data (i32.const 96) "\00\0a\00\00\01\00\00\00")
  (data (i32.const 2560) "\01\00\00\00\b4\00\00\00\05\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00")
  (data (i32.const 2624) "\02\00\00\00\00\00\00\00\00\00\00\00\02\00\00\00\00\00\00\00\00\00\00\00")
  (func (export "omnihub:connector/webhook@0.1.0#normalise")
    (param i32 i32 i32 i32 i32 i32 i32 i64) (result i32)
    (if (i32.eq (i32.load8_u (local.get 5)) (i32.const 33))
      (then (loop $again (br $again))))
    ;; result: ok; one event at 2304, no notes
    (i32.store (i32.const 2056) (i32.const 2304))
    (i32.store (i32.const 2060) (i32.const 1))
    ;; name and key are the body, the time is the delivery's
    (i32.store (i32.const 2304) (local.get 5))
    (i32.store (i32.const 2308) (local.get 6))
    (i32.store (i32.const 2312) (local.get 5))
    (i32.store (i32.const 2316) (local.get 6))
    (i64.store (i32.const 2320) (local.get 7))
    ;; payload: case 13, an empty topic
    (i32.store8 (i32.const 2336) (i32.const 13))
    (i32.const 2048)))
