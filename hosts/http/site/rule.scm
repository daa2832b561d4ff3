; Says of a note whether it may stay: "ok", or why not.
(define (verdict note)
  (cond ((string=? note "") "an empty note")
        ((> (string-length note) 200) "more than 200 characters")
        ((irregex-search "(?i)casino|lottery" note) "that looks like an advertisement")
        (else "ok")))
