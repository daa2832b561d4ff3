; Strings and symbols, in and out.
(import (chicken platform) (chicken port) (chicken gc) callseq)

(define (value text) (with-input-from-string text read))

; What Scheme got: its length in bytes, -1 for #f, -2 for what is no string.
(define (size s) (cond ((string? s) (string-length s)) (s -2) (else -1)))

(define-sequenced-callback (size_a (c-string s)) int (size s))
(define-sequenced-callback (size_b (nonnull-c-string s)) int (size s))
(define-sequenced-callback (size_c (unsigned-c-string s)) int (size s))
(define-sequenced-callback (size_e (nonnull-unsigned-c-string s)) int (size s))
(define-sequenced-callback (size_d ((const c-string) s)) int (size s))

(define-sequenced-callback (echo_a (c-string s)) c-string s)
(define-sequenced-callback (echo_b (nonnull-c-string s)) nonnull-c-string s)
(define-sequenced-callback (echo_c (unsigned-c-string s)) unsigned-c-string s)
(define-sequenced-callback (echo_d (nonnull-unsigned-c-string s)) nonnull-unsigned-c-string s)
(define-sequenced-callback (echo_e ((const c-string) s)) (const c-string) s)
(define-sequenced-callback/status (try_a (c-string s)) c-string s)

(define-sequenced-callback (fresh_a (c-string s)) c-string* s)
(define-sequenced-callback (fresh_b (c-string s)) nonnull-c-string* s)
(define-sequenced-callback (fresh_c (c-string s)) unsigned-c-string* s)
(define-sequenced-callback/status (try_fresh (c-string s)) c-string* s)

(define-sequenced-callback (make_a (c-string text)) c-string (value text))
(define-sequenced-callback (make_b (c-string text)) nonnull-c-string (value text))
(define-sequenced-callback (make_f (c-string text)) c-string* (value text))
(define-sequenced-callback (make_y (c-string text)) symbol (value text))
(define-sequenced-callback (name_of (symbol s)) c-string (and (symbol? s) (symbol->string s)))
(define-sequenced-callback (is_apple (symbol s)) bool (eq? s 'apple))

(define-sequenced-callback (join (c-string-list strings)) c-string
  (apply string-append (or strings '())))

(define-sequenced-callback (repeat (char c) (int count)) c-string (make-string count c))
(define-sequenced-callback (collect) void (gc #t))

(define kept #f)
(define-sequenced-callback (keep (c-string s)) void (set! kept s))
(define-sequenced-callback (give_back) c-string kept)
(define-sequenced-callback (change (c-string s)) c-string (string-set! s 0 #\X) s)

(return-to-host)
