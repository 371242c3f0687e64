;; Wants to open files by itself.
;; world: none
(component
  (import "acme:files/open@0.1.0" (instance (export "open" (func (param "path" string) (result u32))))))
