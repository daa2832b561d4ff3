;; A program with an event loop, as of a GUI, whose Scheme code runs on the loop's thread and no other:
;; the loop is the library's service. Threads that work post what there is to show.
;;
;;   csc -e app.scm main.c -o app -link callseq && ./app
(import (chicken platform) (chicken base) (chicken foreign) callseq)

(callseq-header "app.h")
(foreign-declare "void draw(int, int);")

(define draw (foreign-lambda void "draw" int int)) ; for the loop's thread only
(define at-work 0)

(define-sequenced-callback (begin_work (int workers)) void (set! at-work workers))

(define-sequenced-callback/post (progress (int worker) (int percent)) void
  (draw worker percent)
  (when (= percent 100) (set! at-work (- at-work 1))))

; What the user does comes to the loop itself. Returns whether the program goes on.
(define-sequenced-callback (key_pressed (char key)) bool
  (or (not (char=? key #\q)) (> at-work 0)))

(return-to-host)
