;; Wants a log that takes a number.
;; world: none
(component
  (import "omnihub:host/log@0.1.0" (instance (export "write" (func (param "level" u32)))))
  (instance $i)
  (export "omnihub:connector/describe@0.1.0" (instance $i)))
