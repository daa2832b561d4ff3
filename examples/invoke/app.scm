;; An embedding that exists already: Scheme code with CHICKEN's own define-external, unchanged. The
;; host's threads call it inside a function that they hand to callseq_invoke. The library is named
;; only where the program is linked.
;;
;;   csc -e app.scm main.c -o app -link callseq && ./app
(import (chicken platform) (chicken foreign))

(define stack '())

(define-external (push (int n)) void (set! stack (cons n stack)))

(define-external (pop) int
  (when (null? stack) (error "the stack is empty"))
  (let ((n (car stack)))
    (set! stack (cdr stack))
    n))

(return-to-host)
