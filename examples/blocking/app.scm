;; A C function that waits holds up nobody: a foreign-blocking-lambda calls it on the calling thread's own
;; stack, with the runtime free. It may call callbacks itself.
;;
;;   csc -e app.scm main.c -o app -link callseq && ./app
(import (chicken platform) (chicken foreign) (chicken errno) callseq)

;; In main.c: waits until another thread has opened the door NAME.
(foreign-declare "int wait_for(const char *name);")
(define wait-for (foreign-blocking-lambda int "wait_for" c-string))

(define-sequenced-callback (visit (c-string name)) c-string
  (if (zero? (wait-for name))
      (string-append "through the " name)
      (string-append "no such door, error " (if (= (errno) errno/noent) "ENOENT" "?"))))

(define doors 0)
(define-sequenced-callback (passed) void (set! doors (+ doors 1)))
(define-sequenced-callback (doors_passed) int doors)

(define beep
  (foreign-blocking-lambda* c-string ((c-string sound) (int skip))
    "return sound + skip;"))            ; a result may point into an argument's copy
(define-sequenced-callback (echo (c-string sound)) c-string (beep sound 2))

(return-to-host)
