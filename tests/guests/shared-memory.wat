;; Wants memory that threads share.
;; world: none
(component
  (core module $m (memory (export "memory") 1 1 shared))
  (core instance (instantiate $m)))
