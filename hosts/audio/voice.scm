;; A synthesizer. (play FREQUENCY SECONDS) begins a note; `wave` is the form of all, a procedure of the
;; phase, 0 to 1. Both may be called and changed while it plays.
(import (chicken platform) (chicken foreign) (chicken base) (chicken flonum) (srfi 4) callseq)
(foreign-declare "#include \"audio.h\"")

(define rate (foreign-value "AUDIO_RATE" double))
(define block-size (foreign-value "AUDIO_BLOCK" int))

(define (sine phase) (sin (* 6.283185307179586 phase)))
(define (square phase) (if (< phase 0.5) 0.5 -0.5))
(define (saw phase) (- phase 0.5))
(define wave sine)

;; A note: its phase, what a sample adds to it, its level, and what a sample multiplies that by.
(define notes '())
(define (play frequency #!optional (seconds 1))
  (set! notes
    (cons (f64vector 0.0 (/ frequency rate) 0.5 (expt 0.001 (/ 1 (* seconds rate)))) notes))
  (void))

(define (audible? note) (> (f64vector-ref note 2) 0.0005))

(define (add! note block)
  (let ((step (f64vector-ref note 1)) (fall (f64vector-ref note 3)) (wave wave))
    (let next ((i 0) (phase (f64vector-ref note 0)) (level (f64vector-ref note 2)))
      (cond ((= i block-size)
             (f64vector-set! note 0 phase)
             (f64vector-set! note 2 level))
            (else
             (f32vector-set! block i (fp+ (f32vector-ref block i) (fp* level (wave phase))))
             (let ((phase (fp+ phase step)))
               (next (+ i 1) (if (fp< phase 1.0) phase (fp- phase 1.0)) (fp* level fall))))))))

(define room (foreign-lambda int "audio_room"))
(define give (foreign-lambda void "audio_give" f32vector int))
(define silence (make-f32vector block-size 0.0))

(define-sequenced-callback/post (render) void
  (let next ()
    (when (>= (room) block-size)
      (let ((block (subf32vector silence 0 block-size)))
        (for-each (lambda (note) (add! note block)) notes)
        (set! notes (filter audible? notes))
        (give block block-size)
        (next)))))

(define (filter wanted? list)
  (foldr (lambda (x rest) (if (wanted? x) (cons x rest) rest)) '() list))

(define blocks (foreign-lambda int "audio_blocks"))
(define glitches (foreign-lambda int "audio_glitches"))
(define wait (foreign-blocking-lambda void "audio_wait" int)) ; in blocks; what plays goes on
