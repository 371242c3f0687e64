;; Wants a store of its own.
;; world: none
(component
  (import "wasi:keyvalue/store@0.2.0" (instance (export "open" (func (param "name" string))))))
