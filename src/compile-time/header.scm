;;; The header of callseq-header: prototypes without the names of types that only chicken.h knows.
;;;
;;; It is written when the compilation has succeeded, whole, beside the old one and in its place then.
;;; What is there already has to be a header that was made from the same Scheme file.

(define header #f)                      ; (file . lines to begin with), when callseq-header was seen
(define header-source #f)               ; the Scheme file that said so, or #f: none is known

;; The text of a header with the prototypes of CALLBACKS, made from SOURCE, as its first line has it.
;; Its guard is its own: two headers of one name, from different folders, can be included together.
(define (header-text file source first-lines callbacks)
  (let* ((body (lines
                "#include <stddef.h>"
                "#include <stdint.h>"
                "#include <sys/types.h>"
                first-lines
                "#ifdef __cplusplus"
                "extern \"C\" {"
                "#endif"
                (map (lambda (c)
                       (if (local? c)
                           '()
                           (list (if (future? c) "struct callseq_future;" '())
                                 (forward-declarations (all-types c))
                                 (map (lambda (p) (string-append p ";")) (prototypes c #t)))))
                     callbacks)
                "#ifdef __cplusplus"
                "}"
                "#endif"))
         (guard (string-append "CALLSEQ_HEADER_"
                               (list->string
                                (map (lambda (c) (if (word-char? c) (char-upcase c) #\_))
                                     (string->list file)))
                               "_"
                               (number->string (hash (string-append file "\n" body)) 16))))
    (string-append
     (lines
      (first-line source)
      (sprintf "#ifndef ~A" guard)
      (sprintf "#define ~A" guard)
      body
      "#endif")
     "\n")))

;; A number of STRING, for a name that no other text gets.
(define (hash string)
  (let loop ((chars (string->list string)) (h 7))
    (if (null? chars)
        h
        (loop (cdr chars) (modulo (+ (* 31 h) (char->integer (car chars))) 4294967291)))))

;; A declaration without the names of types that only chicken.h knows. TARGET may be "".
(define (plain-declaration type target)
  (let ((text (replace-words (declaration type "callseq_target")
                             `(("C_char" . "char") ("C_s32" . "int32_t") ("C_u32" . "uint32_t")
                               ("C_s64" . "int64_t") ("C_u64" . "uint64_t") ("C_word" . "intptr_t")
                               ("callseq_target" . ,target)))))
    (if (string=? target "") (string-chomp text " ") text)))

;;; What may be overwritten

(define mark "/* Made by callseq-header")
(define mark-end "; changes will be overwritten. */")

;; What a file's name may not have in a comment of one line: it could end it, or seem to begin one.
(define comment-escapes
  '(("%" . "%25") ("*" . "%2A") ("\\" . "%5C") ("\n" . "%0A") ("\r" . "%0D")))

;; The first line of a header that is made from SOURCE, a file name seen from the header.
(define (first-line source)
  (string-append mark " from " (string-translate* source comment-escapes) mark-end))

;; Ends the compilation unless FILE can be written: it does not exist, or was made by callseq-header
;; from SOURCE, or from a file that is no more.
(define (check-header-file file source)
  (define (bad message) (refuse 'callseq-header #f message file))
  (when (any-char? (lambda (c) (char=? c #\nul)) file)
    (bad "a file's name has no NUL; leave it out"))
  (let ((folder (folder-of file)))
    (unless (and (not (string=? file "")) (directory-exists? folder) (file-writable? folder))
      (bad "this file cannot be written; name one in a folder that exists, and that may be written to"))
    (when (member (pathname-extension file)
                  '("c" "C" "cc" "cp" "cpp" "CPP" "cxx" "c++" "m" "mm" "s" "S" "scm" "o" "so" "a"))
      (bad "a compiler takes a file of this name for something else; name it as a header, as in app.h"))
    (when (or (symbolic-link? file) (and (file-exists? file) (not (regular-file? file))))
      (bad "this is no ordinary file; name one that does not exist, or remove it"))
    (when (file-exists? file)
      (let ((line (with-input-from-file file read-line)))
        (unless (and (string? line) (begins? mark line))
          (bad "this file was not made by callseq-header; name another, or remove it"))
        (let ((other (made-from line folder)))
          (when (and other (file-exists? other) (not (and source (same-file? other source))))
            (bad (sprintf "this file was made from ~A, whose callbacks it declares; name another" other))))))))

;; The source in the first line of a header in FOLDER, or #f.
(define (made-from line folder)
  (let ((start (string-length (string-append mark " from ")))
        (end (substring-index mark-end line)))
    (and end (< start end)
         (make-pathname folder (string-translate* (substring line start end)
                                                  (map (lambda (e) (cons (cdr e) (car e)))
                                                       comment-escapes))))))

;; One file under two names, perhaps: both exist.
(define (same-file? a b)
  (let ((a (file-stat a)) (b (file-stat b)))
    (and (= (vector-ref a 0) (vector-ref b 0))    ; inode
         (= (vector-ref a 6) (vector-ref b 6))))) ; device

;; The folder of FILE, which may be the present one.
(define (folder-of file) (or (pathname-directory file) "."))

;; The name of FILE, which exists, seen from FOLDER: the same wherever the compiler is started.
(define (name-from folder file)
  (define (parts folder)                ; of its name without links
    (let ((here (current-directory)))
      (dynamic-wind
       (lambda () (change-directory folder))
       (lambda () (string-split (current-directory) "/"))
       (lambda () (change-directory here)))))
  (let loop ((from (parts folder)) (to (parts (folder-of file))))
    (if (and (pair? from) (pair? to) (string=? (car from) (car to)))
        (loop (cdr from) (cdr to))
        (string-intersperse
         (append (map (lambda (part) "..") from) to (list (pathname-strip-directory file)))
         "/"))))

;;; Writing

;; Has the compiler, when all else has gone well, write the header.
(define (write-header-at-end!)
  (let ((before chicken.compiler.support#compiler-cleanup-hook))
    (set! chicken.compiler.support#compiler-cleanup-hook
      (lambda () (write-header) (before)))))

;; Writes the header, or ends the compilation with the reason.
(define (write-header)
  (let* ((file (car header))
         (new (sprintf "~A.~A.new" file (current-process-id))))
    (condition-case
     (begin
       (check-header-file file header-source)
       (let ((source (if header-source
                         (name-from (folder-of file) header-source)
                         "a Scheme file")))
         (with-output-to-file new
           (lambda () (display (header-text file source (cdr header) (reverse callbacks))))))
       (rename-file new file #t))
     (e (exn)
        (delete-file* new)
        (chicken.compiler.support#quit-compiling
         "callseq-header: cannot write ~A: ~A" file
         (get-condition-property e 'exn 'message))))))

;; A callseq-header form: (callseq-header FILE LINE ...), strings.
(define (parse-header form)
  (let ((syntax (begin-form! form)))
    (unless (and (list? form) (pair? (cdr form)) (every* string? (cdr form)))
      (refuse syntax #f "the shape is (callseq-header FILE LINE ...), all strings"
              (strip-syntax form)))
    (when header
      (refuse syntax #f "this file has one already; put its lines there" (cadr form)))
    (let ((source ##sys#current-source-filename))
      (set! header-source (and source (file-exists? source) source))
      (check-header-file (cadr form) header-source)
      (set! header (cdr form)))))
