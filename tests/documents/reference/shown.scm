; Takes in what doc/reference.md shows of Scheme, and lets C see what it does.
(import (chicken platform) (chicken base) (chicken foreign) (chicken time) callseq callseq-eval)

; What the reference takes from srfi-18, an egg: as much of it as one thread needs.
(define (thread-sleep! seconds)
  (##sys#thread-sleep! (+ (current-process-milliseconds) (* 1000 seconds))))
(define (make-mutex) (list 'unlocked))
(define (mutex-lock! m) (set-car! m 'locked))
(define (mutex-unlock! m) (set-car! m 'unlocked))

; Closures.
#>
void on_event(void (*function)(int, void *), void *data, void (*destroy)(void *));
<#
(include "closures.scm")
(define events 0)
(on-event (lambda (event) (set! events (+ events event))))
(define-sequenced-callback (sum_of_events) int events)

; Waiting.
(include "waits.scm")
(include "together.scm")
(define-sequenced-callback (counted) int n)

; Calls for later.
(define lines 0)
(define reloads 0)
(define (log! line) (set! lines (+ 1 lines)))
(define (reload!) (set! reloads (+ 1 reloads)))
(include "later.scm")
(define-sequenced-callback (logged) int lines)
(define-sequenced-callback (reloaded) int reloads)

; Rules that are replaced.
(include "rule.scm")

(return-to-host)
