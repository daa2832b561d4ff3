;;; A Scheme program that hosts native threads: what loads this library without a C host; see
;;; src/runtime/program.c.

(define hosting #f)

;; The program is a call that has begun, and its green thread the attached resident. It has no resident
;; loop to fail to: its errors are its own.
(define (host-threads)
  (when (host (vector-ref ((##core#primitive "C_get_memory_info")) 1))
    (set! hosting #t)
    (reside-as-program)
    (end-hosting)
    (end-with-program)
    (end-in-program)
    (keep-prompt)
    (catch-interrupts)
    (adopt-posix)))

;; Replaces what the unit posix has. The program may load that later.
(define (adopt-posix)
  (keep-masks)
  (end-children)
  (when (catch-signals) (take-over-signals)))

;; Has calls refused when the program ends, after its on-exit thunks: they run in the opposite order. A
;; green thread that ends it may run in a callback, or in the service: an answer would give up the runtime,
;; which nobody can have any more. So it is exclusive.
;; An error in one that a callback's (exit) runs does not stop the end of the process; the program's own
;; is the program's.
(define (end-with-program)
  (on-exit
   (lambda ()
     (exclude ##sys#current-thread 1)
     (##core#inline "callseq_scheme_close")))
  (let ((leave (exit-handler)))
    (exit-handler
     (lambda (#!optional (code 0))
       (if (##core#inline "callseq_scheme_is_program")
           (leave code)
           (end-after (lambda () (leave code))
                      (lambda () (##core#inline "C_exit_runtime" code))))))))

;; A callback that has entered a continuation of the program may come to the program's end: it fails there.
(define (end-in-program)
  (let ((end (implicit-exit-handler)))
    (implicit-exit-handler
     (lambda ()
       (if (##core#inline "callseq_scheme_is_program")
           (end)
           (leave "the end of the program was reached in a callback, by a continuation that was captured outside of it"
                  #f))))))

;; Is the program what runs now? Its signal handlers are its own then.
(define (program?) (and hosting (##core#inline "callseq_scheme_is_program")))

;; As CHICKEN does when a signal comes while all green threads wait: has the program go on, and handle
;; it. #f if it is in a blocking C function, or stayed behind in the parent of this process.
(define (wake-program)
  (and hosting
       (not (attached? first-level))
       (##core#inline "callseq_scheme_can_wake" (record-of first-level))
       (begin (##sys#thread-unblock! first-thread) #t)))
