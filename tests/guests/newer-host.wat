;; Wants the log of a hub of a later version.
;; world: none
(component
  (import "omnihub:host/log@0.2.0" (instance (export "write" (func)))))
