;; For the rows that evaluate text; what C asks of the others.
(import (chicken base) (chicken eval) (chicken foreign) (chicken platform) callseq callseq-eval)
(return-to-host)
