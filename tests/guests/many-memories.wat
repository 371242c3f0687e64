;; Is three instances, each with a memory.
;; world: none
(component
  (core module $m (memory 1))
;;* 3 (core instance (instantiate $m))
  (instance $i)
  (export "omnihub:connector/describe@0.1.0" (instance $i)))
