;; A host in C++, with std::thread. The callbacks are C functions; the header that callseq-header
;; writes declares them as such.
;;
;;   csc -c++ -e app.scm main.cpp -o app -link callseq && ./app
(import (chicken platform) callseq)
(callseq-header "app.h")

(define longest "")

(define-sequenced-callback (offer (c-string word)) bool
  (let ((longer? (> (string-length word) (string-length longest))))
    (when longer? (set! longest word))
    longer?))

;; A c-string* result is allocated by malloc, and the caller's to free.
(define-sequenced-callback (winner) c-string* longest)

(return-to-host)
