;;; What callseq-eval provides, as bodies of callbacks of the library's; see src/runtime/evaluate.c.

;; Defines callseq_eval, callseq_load and callseq_repl by EVALUATE, LOAD-FILE and LISTEN: procedures of
;; (text wanted?), a string or #f and a boolean, that return a string without NUL, or #f.
(define (provide-evaluation . procedures)
  (for-each
   (lambda (which procedure)
     (define-evaluation
       which
       (lambda (serial request)
         (let ((value (procedure (evaluation-text request)
                                 (##core#inline "callseq_scheme_is_printed" request))))
           (go-on (##core#inline "callseq_scheme_redeliver" serial value))))))
   '(0 1 2)                             ; as they are numbered there
   procedures))

;; Calls PROCEDURE while the parameters are those that all callbacks share, also from a green thread that
;; has its own, and gives its value. What it sets, it sets for all callbacks.
(define (shared-parameters procedure)
  (let* ((thread (if (pair? levels) (car (last-level levels)) ##sys#current-thread))
         (state (##sys#slot thread 5))
         (own ##sys#current-parameter-vector))
    (if (eq? thread ##sys#current-thread)
        (procedure)
        (begin
          (set! ##sys#current-parameter-vector (##sys#slot state 5))
          (let ((value (procedure)))
            (##sys#setslot state 5 ##sys#current-parameter-vector) ; it may have had to grow
            (set! ##sys#current-parameter-vector own)
            value)))))
