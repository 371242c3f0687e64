;; Wants a newer kind of sockets.
;; world: none
(component
  (import "wasi:sockets/types@0.3.0" (instance (export "connect" (func (param "to" string))))))
