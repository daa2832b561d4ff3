;; The smallest program: one callback, called from C.
;;
;;   csc -e app.scm main.c -o app -link callseq && ./app
(import (chicken platform) callseq)
(define-sequenced-callback (foo (int a)) int (* a a))
(return-to-host)
