; A call that ends the process.
(import (chicken platform) (chicken base) callseq)
(define-sequenced-callback (leave (int code)) int (exit code))
(return-to-host)
