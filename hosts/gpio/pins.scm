;; A Scheme program with an interrupt thread, as libraries for the pins of a small computer have one
;; (wiringPi's wiringPiISR, pigpio's gpioSetISRFunc): C waits for a change and calls a function, which here
;; is Scheme's. Where there are no pins, a FIFO is one: each byte written to it is a level, 0 or 1.
;;
;;   csc pins.scm pin.c -o pins -link callseq
;;   mkfifo pin; ./pins pin & echo 1 0 1 0 >pin
(import (chicken base) (chicken foreign) (chicken process-context) callseq)
(foreign-declare "#include \"pin.h\"")

;; Debounced: a change counts if it is not the level that there was.
(define level 0)
(define presses 0)

;; The interrupt thread leaves it to be done, and is ready for the next change at once. In the order of
;; their coming, none twice; the queue's bound is the program's to choose.
(define-sequenced-callback/post (pin_changed (int new)) void
  (unless (= new level)
    (set! level new)
    (when (= level 1)
      (set! presses (+ presses 1))
      (print "pressed " presses (if (zero? (modulo presses 10)) ", a round number" "")))
    (flush-output)))

;; Asked by the program while the thread goes on; and what ends it.
(define begin-pin (foreign-blocking-lambda bool "pin_begin" c-string))
(define wait-for-end (foreign-blocking-lambda int "pin_end")) ; changes that there were no room for

(let ((files (command-line-arguments)))
  (unless (= 1 (length files))
    (print "usage: pins FILE")
    (exit 2))
  (unless (begin-pin (car files)) (error "there is no such pin" (car files)))
  (let ((lost (wait-for-end)))
    (print presses " presses, " lost " changes lost")))
