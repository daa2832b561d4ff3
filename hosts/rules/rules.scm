;; Rules in a shared library with a plain C interface (rules.h), for hosts in any language. They ask the
;; host back, by a function that it passes: on the thread that called and on its own stack, with the runtime
;; free, so that the language's own machinery finds itself at home there.
(import (chicken platform) (chicken foreign) callseq)

(define price-of                        ; of one, as the host knows it; not a number if it does not
  (foreign-blocking-lambda* double (((function double (c-string c-pointer)) ask) (c-string thing)
                                    (c-pointer data))
    "return ask(thing, data);"))

(define-sequenced-callback/status
    (rules_price (c-string thing) (int count) ((function double (c-string c-pointer)) ask)
                 (c-pointer data)) double
  (let ((each (price-of ask thing data)))
    (unless (= each each) (error "nobody sells" thing))
    (* count each (cond ((>= count 100) 0.75) ((>= count 10) 0.875) (else 1)))))

(return-to-host)
