;; Has a list of lists, a thousand deep.
;; world: none
(component
  (type (list u8))
;;* 1000 (type (list {}))
)
