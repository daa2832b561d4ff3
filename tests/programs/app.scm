(import (chicken base) (chicken foreign) callseq)
(include "ledger.scm")
(include "manners.scm")
