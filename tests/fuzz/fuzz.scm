;;; Fuzzing of the compile-time part: no form may have another outcome than a refusal in our own
;;; words, or C and Scheme that compile without a warning.
;;;
;;; This is an extension of the compiler: `chicken -extend fuzz.so` loads it, and so it runs where the
;;; real one does, beside CHICKEN's own foreign types. Form number i is made from SEED + i alone: by
;;; the grammar of the reference, or one such form edited at random, as C or as C++. Two layers:
;;;
;;;   judge      expands a form here; thousands in a second
;;;   compiles?  writes many accepted forms to one file, with a header, for csc and the C compiler
;;;
;;; A failure is shrunk and printed with its seed; SEED=that makes it the first form of a run.
;;; Parameters come by the environment: SEED; SECONDS or FORMS, after which a run ends; OUT.

(import-for-syntax (chicken io))
(import scheme (chicken base) (chicken condition) (chicken fixnum) (chicken format)
        (chicken platform) (chicken port) (chicken process) (chicken process-context)
        (chicken process signal) (chicken string) (chicken syntax) (chicken time))

;; The module under test, with a stand-in for the prelude, and a way to begin a new compilation.
(define-syntax module-under-test
  (er-macro-transformer
   (lambda (form rename compare)
     (define read-module
       (eval (with-input-from-file "../../src/compile-time/read-module.scm" read)))
     (read-module (cadr form) '(begin-compilation!)
                  '(define prelude "")
                  '(define (begin-compilation! c++?)
                     (set! compiling-c++? c++?)
                     (set! callbacks '())
                     (set! text-begun? #f)
                     (set! header #f))))))

(module-under-test "../../src/compile-time")
(import callseq-compile-time)
(include "generate.scm")

(define out (get-environment-variable "OUT"))
(define (number-from variable) (string->number (or (get-environment-variable variable) "")))

;;; Making a case

;; EXPECTED: accepted, refused, or #f where either may be.
(define-record a-case seed c++? expected form)

;; A symbol's alias, as a macro makes it.
(define alias #f)
(eval `(let-syntax ((m (er-macro-transformer (lambda (f r c) (',(lambda (r) (set! alias r)) r) #f)))) (m)))

(define (case-of seed)
  (seed! seed)
  (let* ((c++? (chance 4))
         (valid? (chance 3))
         (form (if (chance 20) (valid-header seed) (valid-form seed c++?))))
    (cond ((chance 40) (make-a-case seed c++? 'refused (with-taken-name (valid-form seed c++?))))
          (valid? (make-a-case seed c++? 'accepted form))
          (else (make-a-case seed c++? #f (mutate form alias))))))

;;; The first layer

;; What is wrong with the outcome of CASE, or #f; and as second value its expansion, or #f.
(define (judge case)
  (let ((form (a-case-form case)))
    (set-alarm! 20)
    (receive (expansion problem)
        (call/cc
         (lambda (return)
           (with-exception-handler
            (lambda (e)
              (return #f (refusal-problem e form (a-case-expected case))))
            (lambda ()
              (begin-compilation! (a-case-c++? case))
              (let ((x (expand-form form)))
                (values x (if (eq? (a-case-expected case) 'refused)
                              "a name that C has is accepted"
                              (expansion-problem x form))))))))
      (set-alarm! 0)
      (values problem expansion))))

(define (expand-form form)
  (case (strip-syntax (car form))
    ((callseq-header) (expand-header form))
    (else => (lambda (name) (expand-callback form (manner-of name))))))

;; A refusal names the form, the part at fault and the remedy; and the compiler can print it.
(define-record refusal form message culprits)

(define (refusal-problem e form expected)
  (cond ((not (refusal? e))
         (sprintf "an error that is no refusal: ~A"
                  (if (condition? e)
                      (with-output-to-string (lambda () (print-error-message e)))
                      e)))
        ((eq? expected 'accepted)
         (sprintf "a valid form is refused: ~A ~S" (refusal-message e) (refusal-culprits e)))
        ((not (eq? (strip-syntax (car form)) (refusal-form e)))
         (sprintf "a refusal that does not name the form: ~A" (refusal-message e)))
        ((not (any-inside? '("; " " must " "the shape is") (refusal-message e)))
         (sprintf "a refusal without a remedy: ~A" (refusal-message e)))
        (else
         (with-output-to-string (lambda () (write (refusal-culprits e))))
         #f)))

(define (any-inside? strings text)
  (and (pair? strings)
       (or (substring-index (car strings) text) (any-inside? (cdr strings) text))))

(define (expansion-problem x form)
  (cond ((equal? x '(##core#undefined))
         (and (not (eq? 'callseq-header (strip-syntax (car form)))) "no expansion"))
        ((not (and (list? x) (= 4 (length x)) (eq? (car x) '##core#begin)
                   (equal? '(##core#declare foreign-declare)
                           (list (car (cadr x)) (car (cadr (cadr x)))))
                   (string? (cadr (cadr (cadr x))))))
         "an expansion of another shape")
        (else #f)))

;;; The second layer

;; FORM, if the C compiler can judge it, else #f. It cannot where the form brings C text of its own
;; that is not known to be right, or took a name that C may have already.
(define (compilable form)
  (let* ((form (strip-syntax form))
         (rest (if (string? (cadr form)) (cddr form) (cdr form))))
    (and (not (eq? (car form) 'callseq-header))
         (or (eq? rest (cdr form)) (member (cadr form) qualifiers))
         (not (memq (caar rest) odd-names))
         (known? (list (map car (cdar rest)) (cadr rest)))
         form)))

(define (known? type)
  (cond ((string? type) (or (member type known-c) (member type known-c++)))
        ((not (pair? type)) #t)
        ((and (memq (car type) '(struct union enum)) (pair? (cdr type)))
         (let ((tag (assoc (->string (cadr type)) known-tags)))
           (and tag (memq (car type) (cdr tag)))))
        ((and (memq (car type) '(instance nonnull-instance instance-ref)) (list? type))
         (and (member (->string (cadr type)) known-c++) (eq? (caddr type) 'class)))
        ;; Only `vec` is a template, of one parameter.
        ((eq? (car type) 'template)
         (and (list? type) (= 3 (length type)) (equal? (cadr type) "vec") (known? (caddr type))))
        ;; A function that returns a constant number: C warns, of what the user wrote.
        ((and (eq? (car type) 'function) (list? type)
              (or (eq? (cadr type) 'fz-fixed) (and (pair? (cadr type)) (eq? (caadr type) 'const))))
         #f)
        (else (and (known? (car type)) (known? (cdr type))))))

;; FORM with a body that compiles.
(define (with-plain-body form)
  (if (string? (cadr form))
      `(,(car form) ,(cadr form) ,(caddr form) ,(cadddr form) 0)
      `(,(car form) ,(cadr form) ,(caddr form) 0)))

;; Does the file made of FORMS compile?
(define (compiles? forms c++?)
  (with-output-to-file (make-path "batch.scm")
    (lambda ()
      (for-each
       (lambda (x) (write x) (newline))
       `((import (chicken platform) (chicken foreign) callseq)
         (foreign-declare ,(string-append c-text (if c++? c++-text "") c-macros))
         (callseq-header "batch.h")
         (define (fz-same x) x)
         (define class 'class)
         (define (make class key pointer) pointer)
         (define (slot-ref object slot) object)
         ,@(map (lambda (t) `(define-foreign-type ,@t)) foreign-types)
         ;; An argument whose name and type are a macro's.
         (define-syntax fz-wrap
           (syntax-rules ()
             ((_ form (name . arguments) . rest) (form (name (int hidden) . arguments) . rest))))
         ,@(map (lambda (f) (if (and (pair? (cadr f)) (even? (length (cadr f)))) (cons 'fz-wrap f) f))
                forms)
         (return-to-host)))))
  (let ((suffix (if c++? "cpp" "c")))
    (with-output-to-file (make-path (string-append "header." suffix))
      (lambda () (display c-text) (when c++? (display c++-text))
              (display "#include \"batch.h\"\n")))
    (zero? (system (sprintf "cd ~A && ~A ~A >log 2>&1" (qs out) (get-environment-variable "COMPILE")
                            suffix)))))

(define (make-path file) (string-append out "/" file))

;; The first of CASES that makes the compilation fail, known to fail.
(define (culprit cases c++?)
  (if (null? (cdr cases))
      (car cases)
      (let* ((half (quotient (length cases) 2))
             (first (list-head cases half)))
        (if (compiles? (map a-case-form first) c++?)
            (let ((rest (list-tail cases half)))
              (if (compiles? (map a-case-form rest) c++?) #f (culprit rest c++?)))
            (culprit first c++?)))))

(define (list-head list n) (if (zero? n) '() (cons (car list) (list-head (cdr list) (- n 1)))))

;;; The run

(define failures 0)

(define (report case form problem)
  (set! failures (+ 1 failures))
  (printf "~A\n  SEED=~A~A\n  ~A\n" problem (a-case-seed case) (if (a-case-c++? case) " (C++)" "")
          (with-output-to-string
            (lambda () (##sys#with-print-length-limit 2000 (lambda () (write (strip-syntax form))))))))

(define (changed case form) (make-a-case (a-case-seed case) (a-case-c++? case) #f form))

;; Reports CASE, made as small as possible, if its outcome is wrong; otherwise gives its form for the
;; second layer, or #f.
(define (check case)
  (receive (problem expansion) (judge case)
    (cond (problem
           (report case
                   (if (eq? 'accepted (a-case-expected case))
                       (a-case-form case)
                       (shrink (a-case-form case) (lambda (form) (judge (changed case form))) 2000))
                   problem)
           #f)
          (expansion
           (let ((form (compilable (a-case-form case))))
             (and form (if (eq? 'accepted (a-case-expected case)) form (with-plain-body form)))))
          (else #f))))

(define (check-batch cases c++?)
  (unless (compiles? (map a-case-form cases) c++?)
    (let ((case (culprit cases c++?)))
      (if (not case)
          (report (car cases) '(batch.scm) "these forms compile one by one, but not together")
          (let ((small (shrink (a-case-form case)
                               (lambda (form)
                                 (let ((smaller (changed case form)))
                                   (receive (problem expansion) (judge smaller)
                                     (and (not problem) expansion (compilable form)
                                          (not (compiles? (list form) c++?))))))
                               60)))
            (compiles? (list small) c++?)
            (report case small "an accepted form does not compile:")
            (system (sprintf "grep -i error ~A | head -n 8 | cut -c 1-300" (qs (make-path "log")))))))))

(define round-size 4000)                ; forms between two compilations
(define batch-size 100)                 ; forms in one, at most

(define (main)
  (let* ((seed (number-from "SEED"))
         (forms (number-from "FORMS"))
         (end (+ (current-process-milliseconds) (* 1000 (number-from "SECONDS"))))
         (accepted 0)
         (compiled 0))
    (define (over? i)
      (or (> failures 4)
          (if forms (>= i forms) (> (current-process-milliseconds) end))))
    (define (compile cases c++?)
      (when (pair? cases)
        (set! compiled (+ compiled (length cases)))
        (check-batch (reverse cases) c++?)))
    (define (add case form cases)
      (if (and form (< (length cases) batch-size)) (cons (changed case form) cases) cases))
    (printf "SEED=~A\n" seed)
    (let loop ((i 0) (c '()) (c++ '()))
      (cond ((or (over? i) (and (pair? c) (zero? (modulo i round-size))))
             (compile c #f)
             (compile c++ #t)
             (if (over? i)
                 (printf "~A forms, ~A of them to compile, ~A compiled, ~A failures\n" i accepted compiled failures)
                 (loop i '() '())))
            (else
             (let* ((case (case-of (+ seed i))) (form (check case)))
               (when form (set! accepted (+ 1 accepted)))
               (if (a-case-c++? case)
                   (loop (+ i 1) c (add case form c++))
                   (loop (+ i 1) (add case form c) c++))))))
    (zero? failures)))

;;; As the compiler would be, but that an error is a condition

(set-signal-handler! signal/alrm (lambda (_) (error "no outcome after 20 seconds")))
(chicken.compiler.support#clear-foreign-type-table!)
(for-each
 (lambda (t)
   (chicken.compiler.support#register-foreign-type!
    (car t) (cadr t)
    (and (pair? (cddr t)) (caddr t))
    (and (pair? (cddr t)) (pair? (cdddr t)) (cadddr t))))
 foreign-types)
(chicken.compiler.support#register-foreign-type! ; what a file that imports callseq has
 'callseq-handle '(c-pointer (struct "callseq_handle")) 'callseq#object->handle 'callseq#handle->object)
;; What the compiler does about an error, but for ending the process.
(set! chicken.syntax#syntax-error
  (lambda (form message . culprits) (signal (make-refusal form message culprits))))
(set! chicken.compiler.support#quit-compiling
  (lambda (message . arguments) (error (apply sprintf message arguments))))
(register-feature! 'compiling)
(exit (if (main) 0 1))
