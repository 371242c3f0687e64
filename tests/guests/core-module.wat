;; A core module that nobody wrapped.
;; world: none
(module (func (export "run")))
