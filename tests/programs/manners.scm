;; What a program may be doing while native threads call it. Included after ledger.scm.
(define me (self))

;; Has four threads make 300 calls each while ACT is done again and again. All money must be there.
(define (beside what act)
  (let ((before balance))
    (begin-work 4 300)
    (let loop () (unless (zero? (working)) (act) (loop)))
    (let ((wrong (join-all)))
      (print what ": " (if (and (= wrong 0) (= (- balance before) (* 4 3 4950)) (= me (self)))
                           "right"
                           (list wrong (- balance before)))))))

(print "init: " (answers))
(beside "asleep" (lambda () (sleep-ms 1)))
(beside "computing" (lambda () (fib 15)))
(beside "allocating" (lambda () (length (numbers 1000))))
(beside "collecting" (lambda () (gc #t) (fib 5)))
(beside "outside" (lambda () (join-all)))
(print "nested: " (deposit-nested 41) " " (inside?))
(print "plain: " (deposit-plainly 41))
(print "deep: " (deposit-deep-down))
(print "outside: " (deposit-outside 41) " " (inside-outside?))

;; Called all the time it still gets on.
(begin-work 4 0)
(let ((made (calls-made)))
  (print "gets on: " (fib 25))
  (let loop () (when (= made (calls-made)) (fib 10) (loop))))
(stop)
(print "wrong: " (join-all))

;; Green threads get on while the program waits.
(define steps 0)
(define (step-by-step)
  (set! steps (+ steps 1))
  (sleep-ms 1)
  (step-by-step))
(define stepping (##sys#make-thread #f 'created 'stepping ##sys#default-thread-quantum))
(##sys#setslot stepping 1 step-by-step)
(##sys#add-to-ready-queue stepping)
(define (steps-while act)
  (let ((before steps))
    (let loop () (when (< steps (+ before 3)) (act) (loop)))
    "on"))
(print "green, asleep: " (steps-while (lambda () (sleep-ms 5))))
(define (wait-outside) (wait-5-ms 0))
(print "green, outside: " (steps-while wait-outside))
(print "end")
