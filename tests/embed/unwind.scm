; What a failing call must put back: dynamic-wind, parameters, ports.
(import (chicken platform) (chicken port) (chicken condition) callseq)

(define depth 0)
(define level (make-parameter 'outside))

(define (in-the-middle-of thunk)
  (dynamic-wind
   (lambda () (set! depth (+ depth 1)))
   (lambda ()
     (parameterize ((level 'within))
       (with-output-to-string
         (lambda ()
           (handle-exceptions c (abort (list 'wrapped (level) depth))
             (thunk))))
       1))
   (lambda () (set! depth (- depth 1)))))

(define-sequenced-callback (fail_deep_down) int (in-the-middle-of (lambda () (error "deep down"))))
(define-sequenced-callback (fine_deep_down) int (in-the-middle-of (lambda () 'fine)))
(define-sequenced-callback (depth_now) int depth)
(define-sequenced-callback (level_now) c-string (symbol->string (level)))
(define-sequenced-callback (fail_plainly) int (error "plainly"))

(define out (current-output-port))
(define-sequenced-callback (port_is_back) bool (eq? out (current-output-port)))

(return-to-host)
