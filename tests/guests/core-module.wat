;; A core module that nobody wrapped.
;; world: none
;; expect: install core-module
(module (func (export "run")))
