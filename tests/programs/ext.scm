;; An extension with callbacks, for csi and programs that do not define any.
(import (chicken base) (chicken foreign) callseq)
(include "ledger.scm")
