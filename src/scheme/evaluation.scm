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
