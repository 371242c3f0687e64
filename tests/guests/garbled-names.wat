;; Brings a section of names that cannot be read: nobody needs to.
;; world: none
(component
  (core module $m (func) (@custom "name" "\01\ff\ff\ff\ff\0f\00"))
  (core instance (instantiate $m)))
