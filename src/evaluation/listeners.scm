;;; Sockets that listen: a green thread for each starts a session for whoever connects.

(define listeners '())                  ; lists of one: their descriptors

;; (listen-at PATH) -> fixnum: a descriptor that listens; negative: `callseq_eval.problem` says why not.
;; (accept-next FD) -> fixnum: that of a connection; negative: there is none.
(define listen-at (foreign-lambda int "callseq_eval_listen" nonnull-c-string))
(define accept-next (foreign-lambda int "callseq_eval_accept" int))

;; Listens on a Unix socket of the name PATH, a string, from now on: who connects gets a prompt. With #f
;; all prompts end, and nothing listens any more.
(define (repl-listen path)
  (cond (path
         (##sys#check-string path 'repl-listen)
         (let ((why (callseq#unserved)))
           (when why (error 'repl-listen why)))
         (let ((fd (listen-at path)))
           (when (fx< fd 0)
             (error 'repl-listen (sprintf "~A: ~A" path (foreign-value "callseq_eval.problem" c-string))))
           (let ((listener (list fd)))
             (set! listeners (cons listener listeners))
             (##sys#add-to-ready-queue
              (callseq#make-green-thread 'prompt-listener '() (lambda () (accept-all listener)))))))
        (else
         (let ((open listeners) (present sessions))
           (set! listeners '())
           (for-each (lambda (listener) (close-socket (car listener))) open)
           (for-each cancel-session present))))
  (void))

;; The life of the green thread of LISTENER, one of `listeners`: a session for whoever connects, until it
;; listens no more, or finds itself in a forked child.
(define (accept-all listener)
  (let ((fd (car listener)) (process (this-process)))
    (let loop ()
      (wait-for fd #:input)
      (when (memq listener listeners)
        (cond ((eq? process (this-process))
               (let ((connection (accept-next fd)))
                 (cond ((fx>= connection 0) (start-session connection))
                       ((eq? connection (foreign-value "CALLSEQ_EVAL_FULL" int)) (wait-a-little))))
               (loop))
              (else                     ; forked
               (set! listeners (callseq#without listener listeners))
               (close-socket fd)))))))

(foreign-code "callseq_eval_begin();")
(callseq#tell-children (foreign-value "callseq_eval_born" c-pointer))
(on-exit (lambda () (repl-listen #f)))
