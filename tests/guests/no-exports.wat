;; A component that exports nothing.
;; world: nothing
(module)
