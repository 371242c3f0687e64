;; A component that exports nothing.
;; world: nothing
;; expect: install no-interface
(module)
