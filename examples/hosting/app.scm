;; A Scheme program whose C library has threads: they call it while it waits, while it computes, and while
;; it is in a C function that blocks. CHICKEN starts the program; there is no main function in C.
;;
;;   csc app.scm sensors.c -o app -link callseq && ./app
(import scheme (chicken base) (chicken foreign) callseq)

(define sums (make-vector 3 0))
(define reports 0)

;; Called by a thread for each value that its sensor has.
(define-sequenced-callback (measured (int sensor) (int value)) void
  (vector-set! sums sensor (+ value (vector-ref sums sensor)))
  (set! reports (+ reports 1)))

(foreign-declare "void start_sensors(void); void join_sensors(void);")

;; Each sensor has made a report before it returns, so the threads call while the program starts them: a
;; function that waits for a thread which calls must be a blocking lambda.
(define start-sensors (foreign-blocking-lambda void "start_sensors"))
(define join-sensors (foreign-blocking-lambda void "join_sensors"))

(start-sensors)
(print "all sensors have reported: " (>= reports 3))

;; The program computes; reports come in between.
(let compute ()
  (when (< reports 600) (compute)))
(print "600 reports while the program computed")

(join-sensors)
(print "sums: " (vector->list sums) ", of " reports " reports")
