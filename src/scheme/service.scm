;;; The service: what no native thread waits for; see src/runtime/service.c.

;; A callback, of the service: runs handlers of signals, and green threads until none is ready or a
;; native thread wants to call.
(define (serve-all serial request)
  (##core#inline "callseq_scheme_stay")
  (serve-signals)
  (handle-queue (##core#inline "C_i_pending_interrupt" #f))
  (unblock-done)
  (let loop ()
    (##sys#thread-yield!)
    (cond ((null? (##sys#ready-queue)) (publish))
          ((##core#inline "callseq_scheme_is_wanted")
           (publish)
           (##core#inline "callseq_scheme_serve_again"))
          (else (loop))))
  (go-on (##core#inline "callseq_scheme_reply_void" serial)))

;; Green threads whose blocking C functions have ended.
(define (unblock-done)
  (let ((errand (##core#inline "callseq_scheme_next_done")))
    (when errand
      (end-errand errand)
      (unblock-done))))

;; Tells C what green threads wait for: descriptors, and the next deadline. What native threads wait for is in
;; none of these lists.
(define (publish)
  (publish-deadline
   (until (##sys#all-threads
           (lambda (list argument thread earliest)
             (if (and (eq? list 'timeout) (or (not earliest) (< argument earliest)))
                 argument
                 earliest))
           #f)))
  (for-each
   (lambda (entry)
     (for-each
      (lambda (thread)
        (let ((file (##sys#slot thread 11)))
          (when (pair? file)
            (publish-descriptor (car file) (input? (cdr file)) (output? (cdr file))))))
      (cdr entry)))
   ##sys#fd-list))
