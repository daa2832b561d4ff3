; Where the host's loop is the service: what no thread waits for.
(declare (uses scheduler))
(import (chicken platform) (chicken base) (chicken foreign) (chicken io) (chicken process)
        (chicken process signal) callseq)

#>
int serve_inside(void);
void note_code(int);
<#

(include "green-threads.scm")

(define done 0)
(define-sequenced-callback (events) int done)
(define (count-event!) (set! done (+ done 1)))

(define-sequenced-callback (leave_sleeper (int ms)) void
  (start-thread (lambda () (doze ms) (count-event!))))
(define-sequenced-callback (leave_reader (int fd)) void
  (start-thread (lambda () (wait-for-input fd) (count-event!))))
; The same descriptor, by two.
(define-sequenced-callback (leave_readers (int fd)) void
  (start-thread (lambda () (wait-for-input fd) (count-event!)))
  (start-thread (lambda () (wait-for-input fd) (count-event!))))
(define stop #f)
(define-sequenced-callback (leave_computing) void
  (start-thread (lambda () (let loop () (unless stop (loop))) (count-event!))))
(define-sequenced-callback (stop_computing) void (set! stop #t))

(define-sequenced-callback (handle_signals) void
  (set-signal-handler! signal/usr1 (lambda (signal) (count-event!))))

(define serve-in-place (foreign-safe-lambda int "serve_inside"))
(define-sequenced-callback (serve_nested) int (serve-in-place))

; A blocking C function of a green thread.
(define blocks (foreign-blocking-lambda* void ((int fd)) "char c; if (read(fd, &c, 1) != 1) abort();"))
(define-sequenced-callback (leave_blocking (int fd)) void
  (start-thread (lambda () (blocks fd) (count-event!))))

; Forks for a thunk that waits; tells C the child's exit code. Nobody calls meanwhile: a green thread that has
; interrupted a callback forks in its call.
(define note-code (foreign-lambda void "note_code" int))
(define-sequenced-callback (leave_forking (int naps)) void
  (start-thread
   (lambda ()
     (receive (id normally? status)
         (process-wait
          (process-fork (lambda () (do ((i 0 (+ i 1))) ((= i naps) (exit naps)) (doze 1)))))
       (note-code (if normally? status 1000))))))

(return-to-host)
