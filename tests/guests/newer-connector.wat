;; Is made for a hub of a later version.
;; world: none
(component
  (instance $i)
  (export "omnihub:connector/describe@0.2.0" (instance $i)))
