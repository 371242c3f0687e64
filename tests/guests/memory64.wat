;; Wants memory with long addresses.
;; world: none
(component
  (core module $m (memory (export "memory") i64 1))
  (core instance (instantiate $m)))
