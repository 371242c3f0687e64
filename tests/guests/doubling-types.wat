;; Has a pair of pairs of pairs, forty times: a million million numbers.
;; world: none
(component
  (type (tuple u8 u8))
;;* 40 (type (tuple {} {}))
)
