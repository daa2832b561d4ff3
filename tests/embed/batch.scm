; C code under Scheme that asks which thread executes it.
(import (chicken platform) (chicken foreign) callseq)

#>
void note_execution(int);
<#

(define note (foreign-lambda void "note_execution" int))
(define-sequenced-callback (work (int caller) (int n)) int (note caller) (+ n 1))

(return-to-host)
