;; Wants the environment by a name of its own.
;; world: none
(component
  (import "getenv" (func (param "name" string) (result string))))
