;; A Scheme program: fetches pages at the same time, by threads of C's (transfers.c), and looks at each when
;; it has come.
;;
;;   csc fetch.scm transfers.c -o fetch -link callseq -L -lcurl
;;   ./fetch URL ...
(import (chicken base) (chicken foreign) (chicken irregex) (chicken process-context) callseq)
(foreign-declare "int transfers(char *urls, int at_once);")

(define failed 0)

;; Called by the thread that has fetched it. The text is C's until this returns.
(define-sequenced-callback (arrived (c-string url) (c-string text) (c-string error)) void
  (cond (error
         (set! failed (+ failed 1))
         (print url ": " error))
        (else
         (let ((title (irregex-search "(?i)<title>([^<]*)</title>" text)))
           (print url ": " (string-length text) " bytes, "
                  (if title (irregex-match-substring title 1) "no title"))))))

;; Waits for threads that call us: so it lets them in.
(define transfer (foreign-blocking-lambda int "transfers" c-string int)) ; URLs, a line each

(let ((urls (command-line-arguments)))
  (when (null? urls)
    (print "usage: fetch URL ...")
    (exit 2))
  (transfer (apply string-append (map (lambda (url) (string-append url "\n")) urls)) 8)
  (exit (if (zero? failed) 0 1)))
