; Types made by define-foreign-type: aliases, aliases of aliases, and converters. What the FFI calls
; the argument converter, Scheme to C, is for results here; its result converter for arguments.
(import (chicken platform) (chicken foreign) callseq)

#>
typedef struct { int id; } plan;
<#

(define-foreign-type count int)
(define-foreign-type tally count)
(define-foreign-type plan* (c-pointer "plan"))

; Kelvin in C, degrees Celsius in Scheme.
(define-foreign-type celsius double (lambda (c) (+ c 273.0)) (lambda (k) (- k 273.0)))

(define (index->day i)
  (if (< -1 i 3) (vector-ref #(monday tuesday wednesday) i) (error "no such day" i)))
(define (day->index d)
  (case d ((monday) 0) ((tuesday) 1) ((wednesday) 2) ((never) 1.5) (else (error "no day" d))))
(define-foreign-type day int day->index index->day)

; A boxed pointer: what Scheme sees is a list.
(define-foreign-type box (c-pointer "plan")
  (lambda (x) (and x (cadr x)))
  (lambda (p) (and p (list 'box p))))

; Only the first converter.
(define-foreign-type shout c-string (lambda (s) (string-append s "!")))

(define plan-id (foreign-lambda* int ((plan* p)) "C_return(p->id);"))

(define-sequenced-callback (add_counts (count a) (tally b)) tally (+ a b))
(define-sequenced-callback (wrong_tally) tally "many")
(define-sequenced-callback (warmer (celsius t)) celsius (+ t 1.0))
(define-sequenced-callback (warmer_const ((const celsius) t)) (const celsius) (+ t 1.0))
(define-foreign-type text c-string)
(define-sequenced-callback (name_length ((const symbol) a) ((const text) b)) int
  (+ (string-length (symbol->string a)) (string-length b)))
(define-sequenced-callback (freezes (celsius t)) bool (< t 0.0))
(define-sequenced-callback (next_day (day d)) day
  (case d ((monday) 'tuesday) ((tuesday) 'wednesday) (else 'doomsday)))
(define-sequenced-callback (day_name (day d)) c-string (symbol->string d))
(define-sequenced-callback (day_never) day 'never)
(define-sequenced-callback/status (try_next_day (day d)) day
  (if (eq? d 'monday) 'tuesday 'doomsday))
(define-sequenced-callback (id_of (plan* p)) int (plan-id p))
(define-sequenced-callback (same_box (box b)) box b)
(define-sequenced-callback (box_id (box b)) int (plan-id (cadr b)))
(define-sequenced-callback (loud (shout s)) shout s)
(define-sequenced-callback (day_sum (day a) (int n) (day b)) int
  (+ n (day->index a) (day->index b)))

(return-to-host)
