;; Exports `describe` with nothing in it.
;; world: none
(component
  (instance $i)
  (export "omnihub:connector/describe@0.1.0" (instance $i)))
