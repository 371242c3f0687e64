;; Is a hundred instances.
;; world: none
(component
  (core module $m)
;;* 100 (core instance (instantiate $m))
  (instance $i)
  (export "omnihub:connector/describe@0.1.0" (instance $i)))
