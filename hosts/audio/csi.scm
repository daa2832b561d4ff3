;; The same synthesizer for csi, or for any program in Scheme:
;;
;;   csc -s csi.scm audio.c -o synth.so `pkg-config --cflags --libs sdl2`
;;   csi
;;   > (import callseq)
;;   > (load "./synth.so")
;;   > (begin-audio)
;;   > (play 440 2)
;;
;; What waits for the threads that call Scheme is a foreign-blocking-lambda, so that they are let in.
(include "voice.scm")
(define begin-audio
  (let ((begin-it (foreign-blocking-lambda int "audio_begin"))
        (message (foreign-lambda c-string "audio_error")))
    (lambda () (unless (zero? (begin-it)) (error (message))))))
(define end-audio (foreign-blocking-lambda void "audio_end"))
