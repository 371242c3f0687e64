;; Wants to do several things at once.
;; world: none
(component
  (core func (canon waitable-set.new)))
