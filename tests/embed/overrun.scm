; C code under Scheme that runs off the dedicated stack, and Scheme code that recurses deeply.
(import (chicken platform) (chicken foreign) callseq)

#>
int dig(int), leap(int);
void while_loading(void);
<#

(define dig (foreign-lambda int "dig" int))
(define leap (foreign-lambda int "leap" int))
(define-sequenced-callback (dig_in_c (int n)) int (dig n))
(define-sequenced-callback (leap_in_c (int megabytes)) int (leap megabytes))
(define-sequenced-callback (dig_in_scheme (int n)) int
  (let loop ((i n)) (if (zero? i) 0 (+ 1 (loop (- i 1))))))

((foreign-lambda void "while_loading"))
(return-to-host)
