; What CHICKEN 5.4 brought: (make-signal-handler SIGNAL ...) gives a procedure that takes the signals out
; one by one. CHICKEN's own is played here, so that it is tested with older ones too.
(import (chicken platform) (chicken process signal) (chicken foreign) callseq)

#>
void handled(int);
<#

(define handled (foreign-lambda void "handled" int))

(set! chicken.process.signal#make-signal-handler
  (lambda signals
    (let ((queue '()))
      (for-each
       (lambda (signal)
         (##core#inline "C_establish_signal_handler" signal signal)
         (vector-set! ##sys#signal-vector signal
                      (lambda (signal)
                        (set! queue (append queue (list signal)))
                        (handled signal))))
       signals)
      (lambda (#!optional wait)
        (and (pair? queue)
             (let ((signal (car queue)))
               (set! queue (cdr queue))
               signal))))))

(define early (chicken.process.signal#make-signal-handler signal/usr1))
(define late #f)

(define-sequenced-callback (make_late) void
  (set! late (chicken.process.signal#make-signal-handler signal/usr2 signal/hup)))
(define-sequenced-callback (handle_term) void (set-signal-handler! signal/term void))
(define-sequenced-callback (next_early) int (or (early) 0))
(define-sequenced-callback (next_late) int (or (late) 0))
(return-to-host)
