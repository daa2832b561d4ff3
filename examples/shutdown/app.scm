;; A clean shutdown: the handler of SIGTERM notifies Scheme, which has the host close. What has begun
;; ends, later requests are refused, and a thunk of on-exit saves what there is. The host can then count
;; on it: each request that was answered has been saved.
;;
;;   csc -e app.scm main.c -o app -link callseq && ./app
(import (chicken platform) (chicken base) (chicken foreign) callseq)

(callseq-header "app.h")
(foreign-declare "void stop(void); void save(int);")

(define stop (foreign-lambda void "stop"))
(define save (foreign-lambda void "save" int))
(define requests 0)

(define-sequenced-callback/status (handle_request (int n)) void (set! requests (+ requests n)))

; Not in the signal handler: here anything is allowed, while other calls go on.
(define-sequenced-callback/notify (terminate) void
  (print "asked to stop")
  (flush-output)
  (stop))

(on-exit (lambda () (save requests)))

(return-to-host)
