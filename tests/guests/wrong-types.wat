;; Exports `describe` by name, as a function that gives a number.
;; world: none
(component
  (core module $module (func (export "describe") (result i32) (i32.const 7)))
  (core instance $instance (instantiate $module))
  (func $describe (result u32) (canon lift (core func $instance "describe")))
  (instance $exports (export "describe" (func $describe)))
  (export "omnihub:connector/describe@0.1.0" (instance $exports)))
