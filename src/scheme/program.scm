;;; A Scheme program that hosts native threads: what loads this library without a C host; see
;;; src/runtime/program.c.

(define hosting #f)

;; The program is a call that has begun, and its green thread the attached server. It has no resident
;; loop to fail to: its errors are its own.
(define (host-threads)
  (when (host (vector-ref ((##core#primitive "C_get_memory_info")) 1))
    (set! hosting #t)
    (begin-serving)
    (catch-signals)
    (keep-masks)
    (end-children)
    (end-hosting)
    (keep-prompt)
    (set! ##sys#interrupt-hook (interrupt-hook ##sys#interrupt-hook))
    (take-over-signals)))

;; Has (return-to-host) close the door for native threads: it returns to a C host that runs CHICKEN by
;; itself.
(define (end-hosting)
  (replace! 'chicken.platform#return-to-host
            (lambda (return)
              (lambda ()
                (if (##core#inline "callseq_scheme_stop_hosting")
                    (return)
                    (strayed))))))

;; Has the prompt of csi wait for input in the scheduler, so that native threads may call meanwhile.
(define (keep-prompt)
  (replace! '##sys#read-prompt-hook
            (lambda (prompt)
              (lambda ()
                (prompt)
                (unless (input-buffered?)
                  (##sys#thread-block-for-i/o! ##sys#current-thread 0 #:input)
                  (##sys#thread-yield!))))))
