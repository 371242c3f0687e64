;; Answers no finding for one text.
;; world: enriching
(module
  (memory (export "memory") 1)
  ;; The manifest is at 64: id and version, then nothing. An empty report is at 2048.
  (data (i32.const 16) "guest")
  (data (i32.const 24) "1.0.0")
  (data (i32.const 64) "\10\00\00\00\05\00\00\00\18\00\00\00\05\00\00\00")
  ;; include: room
  (func (export "omnihub:enricher/enrich@0.1.0#describe") (result i32) (i32.const 64))
  (func (export "omnihub:enricher/enrich@0.1.0#enrich") (param i32 i32) (result i32)
    (i32.const 2048)))
