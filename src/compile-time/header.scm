;;; The header of callseq-header: prototypes without the names of types that only chicken.h knows.

(define header #f)                      ; (file . lines to begin with), when callseq-header was seen

;; The text of a header with the prototypes of CALLBACKS, FILE giving its guard.
(define (header-text file first-lines callbacks)
  (let ((guard (list->string
                (map (lambda (c) (if (or (char-alphabetic? c) (char-numeric? c)) (char-upcase c) #\_))
                     (string->list (string-append "CALLSEQ_HEADER_" file))))))
    (string-append
     (lines
      (sprintf "/* Made by callseq-header; changes will be overwritten. */")
      (sprintf "#ifndef ~A" guard)
      (sprintf "#define ~A" guard)
      "#include <stddef.h>"
      "#include <stdint.h>"
      "#include <sys/types.h>"
      first-lines
      "#ifdef __cplusplus"
      "extern \"C\" {"
      "#endif"
      (map (lambda (c)
             (list (forward-declarations c) (string-append (prototype c #t) ";")))
           callbacks)
      "#ifdef __cplusplus"
      "}"
      "#endif"
      "#endif")
     "\n")))

;; A declaration without the names of types that only chicken.h knows. TARGET is put in last: it may
;; contain such a name itself.
(define (plain-declaration type target)
  (string-translate*
   (string-translate* (declaration type "@")
                      '(("C_char" . "char") ("C_s32" . "int32_t") ("C_u32" . "uint32_t")
                        ("C_s64" . "int64_t") ("C_u64" . "uint64_t") ("C_word" . "intptr_t")))
   `(("@" . ,target))))

;; Each callback writes it anew: there is no telling which one is the last.
(define (write-header)
  (when header
    (let ((text (header-text (car header) (cdr header) (reverse callbacks))))
      (condition-case
       (with-output-to-file (car header) (lambda () (display text)))
       ((exn)
        (refuse 'callseq-header #f "this file cannot be written; name one in a folder that exists"
                (car header)))))))
