;;; Random forms: valid ones by the grammar of doc/reference.md, and what a random edit makes of them.
;;;
;;; Everything random comes from `random`, so a form is a function of its seed.

;;; Chance

(define state 1)

(define (seed! n)
  (set! state (modulo (+ (* (modulo n 1000003) 2654435) n 88172645) 2147483648))
  (random 2)
  (random 2))

(define (random n)                      ; 0 to n - 1; the low bits of such a generator are poor
  (set! state (modulo (+ (* state 1103515245) 12345) 2147483648))
  (modulo (quotient state 4096) n))

(define (chance n) (zero? (random n)))  ; once in n
(define (pick list) (list-ref list (random (length list))))
(define (several n make) (if (zero? n) '() (let ((x (make))) (cons x (several (- n 1) make)))))

;;; What the types refer to

(define c-text "#include <stdint.h>
#include <stddef.h>
struct box { int n; };
union word { int n; char c; };
enum colour { RED, GREEN };
typedef struct { int id; } plan_t;
typedef struct { int n; } call;
typedef struct { int n; } string;
")

;; Before the callbacks, but not before the header.
(define c-macros "
#define value no_value
#define status no_status
#define request no_request
#define result no_result
#define current no_current
#define serial no_serial
#define free no_free
#define q no_q
")

(define c++-text "template <class T> struct vec { T *first; };
namespace shop { struct Till { int n; }; }
struct Counter { int n; };
")

;; For define-foreign-type: name, type, converters.
(define foreign-types
  '((fz-count int) (fz-tally fz-count) (fz-plan (c-pointer "plan_t")) (fz-fixed (const int))
    (fz-celsius double fz-same fz-same) (fz-text c-string) (fz-shout c-string fz-same)
    (fz-day int fz-same fz-same) (fz-hook (function int (int c-pointer))) (fz-colour (enum "colour"))
    (fz-frozen (const (c-pointer "plan_t")) fz-same fz-same) (fz-box (struct "box"))
    (fz-nothing void) (fz-name (const symbol)) (fz-gift c-string*) (fz-raw "plan_t")
    (fz-vector u8vector) (fz-odd no-such-type) (fz-list c-string-list)
    (fz-loop (c-pointer fz-loop)) (fz-twice (const (c-pointer (const "plan_t"))))))

;; Strings that stand for C text; any other one may be right or wrong, which only C can tell.
(define known-c
  '("plan_t" "struct box" "unsigned" "char *" "enum colour" "union word" "call" "string" "C_word"))
(define known-c++ '("Counter" "shop::Till" "vec<int>"))
(define known-tags
  '(("box" struct) ("other" struct) ("word" union) ("other_word" union) ("colour" enum)
    ("plan_t") ("Counter" struct)))

;;; Types

(define numbers
  '(byte unsigned-byte short unsigned-short int integer unsigned-int unsigned-integer int32 integer32
    unsigned-int32 unsigned-integer32 integer64 unsigned-integer64 long unsigned-long ssize_t size_t
    double number float char unsigned-char bool))
(define strings
  '(c-string unsigned-c-string nonnull-c-string nonnull-unsigned-c-string symbol c-string*
    unsigned-c-string* nonnull-c-string* nonnull-unsigned-c-string*))
(define heap-types
  '(u8vector s16vector nonnull-u32vector f64vector blob nonnull-blob pointer-vector scheme-pointer))
(define pointers '(c-pointer pointer nonnull-c-pointer nonnull-pointer))
(define value-names                     ; that can be arguments and results
  '(fz-count fz-tally fz-plan fz-fixed fz-celsius fz-text fz-shout fz-day fz-hook fz-colour fz-frozen
    fz-name fz-gift))

;; A type that an argument or a result may have; for arguments a few more.
(define (value-type c++? argument?)
  (case (random 12)
    ((0 1 2) (pick numbers))
    ((3 4) (pick strings))
    ((5) (pick value-names))
    ((6) '(enum "colour"))
    ((7) (pick '(c-pointer nonnull-c-pointer)))
    ((8) (let ((t (value-type c++? #f)))
           (if (and (pair? t) (memq (car t) '(function ref instance-ref))) t (constant t))))
    ((9) (cond (argument? (pick '(scheme-object c-string-list c-string-list* callseq-handle)))
               (else (pick '(callseq-handle (const callseq-handle) int)))))
    ((10) (if c++? (c++-type) (function-type c++? 2)))
    (else (list (pick pointers) (inner-type c++? 4)))))

(define (c++-type)
  (case (random 3)
    ((0) (list 'ref (pick '(int double (const int) c-pointer (c-pointer int) "Counter" (struct "box")
                            (template "vec" int) (c-pointer (template "vec" (const int)))))))
    ((1) (list (pick '(instance nonnull-instance)) (pick '("Counter" "shop::Till" Counter)) 'class))
    (else (list 'instance-ref (pick '("Counter" "shop::Till")) 'class))))

(define (function-type c++? depth)
  (let* ((result (inner-type c++? depth))
         (argument (lambda ()
                     (let ((t (inner-type c++? depth))) (if (member t '(void (const void))) 'int t))))
         (arguments (several (random 4) argument)))
    `(function ,(if (and (pair? result) (or (eq? (car result) 'const) (mentions? 'function result)))
                    'c-pointer
                    result)
               (,@arguments ,@(if (and (pair? arguments) (chance 6)) '(...) '()))
               ,@(if (chance 8) '("") '()))))

(define (mentions? symbol x)
  (if (pair? x) (or (mentions? symbol (car x)) (mentions? symbol (cdr x))) (eq? symbol x)))

;; C takes const only once in a declaration, and CHICKEN puts it in front.
(define (constant type)
  (if (any-of? '(const function fz-hook fz-fixed fz-frozen fz-name) (flatten type)) type `(const ,type)))

;; A type inside another one.
(define (inner-type c++? depth)
  (if (or (zero? depth) (chance 2))
      (case (random 8)
        ((0) (pick '((struct "box") (struct box) (struct "other") (union "word") (union other_word))))
        ((1) (pick known-c))
        ((2) (pick heap-types))
        ((3) (pick '(void scheme-object)))
        ((4) (pick strings))
        ((5) (if c++? (pick '((template "vec" int) (template "vec" (c-pointer "plan_t")) "Counter")) 'int))
        ((6) (pick '(fz-count fz-tally fz-plan fz-celsius fz-text fz-box fz-raw)))
        (else (pick numbers)))
      (case (random 6)
        ((0) (function-type c++? (- depth 1)))
        ((1) (let ((t (inner-type c++? (- depth 1))))
               (if (and (pair? t) (eq? (car t) 'function)) t (constant t))))
        ((2) (list (pick '(scheme-pointer nonnull-scheme-pointer)) (inner-type c++? (- depth 1))))
        (else (list (pick pointers) (inner-type c++? (- depth 1)))))))

;;; Forms

(define odd-names                       ; of arguments
  (append
   '(a0 a1 a2 a5 result callseq_result call request value word object serial next pointer wide string
     class while int size_t int32_t C_word C_char printf malloc errno NULL stdin linux unix INT_MAX
     INT32_MAX EOF main callseq_init struct plan_t box Counter hidden free status current callseq_a0
     callseq_call callseq_word __inline __asm__ _Bool i386 asm typeof basename st_mtime bool x->y ok? set! + - ... 1+ _ __x a.b x/y %x @ $ <=>)
   (map string->symbol
        (list "" " " "two words" "a\"b" "*/" "/* */" "//" "line\nend" "back\\slash" "??/" "%d%n"
              "\x01;" "caf\xc3;\xa9;" "'" "#" "a,b" (make-string 300 #\x) (make-string 5000 #\y)))))
(define syntax-names '(lambda define if let quote begin else))

(define qualifiers '("" "__attribute__((cold))" "__attribute__((noinline, used))" "/* note */"))

(define (argument-names n)
  (let loop ((n n) (names '()))
    (if (zero? n)
        names
        (let ((name (case (random 6)
                      ((0) (pick syntax-names))
                      ((1 2) (pick odd-names))
                      (else (string->symbol (string-append (pick '("n" "x" "a-" "size")) (number->string n)))))))
          (loop (- n 1) (cons (if (memq name names) (string->symbol (sprintf "v~A" n)) name) names))))))

(define taken-names                     ; that no callback can have
  '(main printf open connect exit malloc log y0 errno stdin linux unix i386 int class typeof asm
    __inline __x _Bool callseq_init callseq_call_of_x C_fix CHICKEN_run f_12 stub7 lf NULL st_mtime
    _Foo signal pthread_create environ FILE int8_t size_t index gamma isnan INT_MAX EINVAL PRId64
    HAVE_X CALLSEQ_X isless _start _end))

;; FORM, with the name of its callback one of these.
(define (with-taken-name form)
  (if (string? (cadr form))
      `(,(car form) ,(cadr form) (,(pick taken-names) ,@(cdaddr form)) ,@(cdddr form))
      `(,(car form) (,(pick taken-names) ,@(cdadr form)) ,@(cddr form))))

;; Every other one may differ from the one before by what generated names could add to it.
(define (callback-name seed)
  (string->symbol
   (string-append (pick '("f" "F_" "_g" "fetch_")) (number->string (quotient seed 2))
                  (if (odd? seed) (pick '("_" "_inline" "_call" "_reply" "__of_f")) "")
                  (if (chance 30) (make-string (pick '(60 300 3000)) #\z) ""))))

(define (body names)
  (cond ((chance 2) (list (pick '(0 #f #t "text" 'word 1.5 #\c (vector 1 2)))))
        ((any-of? syntax-names names) '(0 1))
        (else
         (pick `(((define (local x) x) (define one 1) (local one))
                 ((define-values (p q) (values 1 2)) p)
                 (((lambda all all) ,@(filter-out odd-names names)))
                 ((let-values (((p . q) (values 1 2))) q))
                 ((define-record-type thing (make-thing n) thing? (n thing-n)) (make-thing 1))
                 ((begin) 5))))))

(define (any-of? these list) (and (pair? list) (or (memq (car list) these) (any-of? these (cdr list)))))
(define (filter-out these list)
  (cond ((null? list) '())
        ((memq (car list) these) (filter-out these (cdr list)))
        (else (cons (car list) (filter-out these (cdr list))))))

;; The forms, and what the compile-time part calls them.
(define manners
  '((define-sequenced-callback . plain) (define-sequenced-callback/status . status)
    (define-sequenced-callback/post . post) (define-sequenced-callback/future . future)
    (define-sequenced-callback/notify . notify)))
(define (manner-of form) (cdr (assq form manners)))

;; TYPE, or a pointer where what TYPE refers to would have to outlive the caller's frame.
(define (lasting type manner)
  (if (and (memq manner '(post future)) (refers? type)) 'c-pointer type))
(define (refers? type)
  (and (pair? type)
       (if (eq? (car type) 'const) (refers? (cadr type)) (memq (car type) '(ref instance-ref)))))

;; How many arguments.
(define (a-count) (case (random 8) ((0) 0) ((1) (random 41)) (else (random 6))))

(define (valid-form seed c++?)
  (let* ((form (pick (map car manners)))
         (manner (manner-of form))
         (count (if (eq? manner 'notify) 0 (a-count)))
         (names (argument-names count))
         (result (if (or (memq manner '(post notify)) (chance 8))
                     (pick '(void fz-nothing))
                     (value-type c++? #f))))
    `(,form
      ,@(if (chance 5) (list (pick qualifiers)) '())
      (,(callback-name seed)
       ,@(map (lambda (name) (list (lasting (value-type c++? #t) manner) name)) names))
      ,(if (and (memq manner '(status future)) (pair? result) (memq (car result) '(ref instance-ref))) 'c-pointer result)
      ,@(body names))))

(define (valid-header seed)
  `(callseq-header ,(sprintf "h~A.h" (modulo seed 10)) ,@(several (random 3) (lambda () "/* line */"))))

;;; Edits. A node of a form is any of its pairs, tails included, or atoms.

(define junk
  (append
   (list 5 -1 1.5 12345678901234567890123 +inf.0 #t #f '() "" #\a (void) #!eof '#(1 2) '#:key '#!rest
         "a\"b" "a\nb" "*/" "??/" "\\" "%d %n" "\x00;" "caf\xc3;\xa9;" "int; int" "f(" "static"
         (make-string 10000 #\s) (make-vector 3 'int) (string->symbol "") 'nothing '|a b| 'callseq_x)
   '(const function struct union enum c-pointer pointer scheme-pointer ref instance instance-ref
     template ... void scheme-object u8vector c-string-list c-string int char double
     fz-box fz-raw fz-nothing fz-vector fz-odd fz-list fz-fixed fz-hook fz-loop fz-twice quote unquote
     (const char *) (unsigned int) char* *x "int" "char *" (a int) #!rest #!optional string
     (const int) (ref int) (function int (int void)) (function void (...)) (enum "colour")
     (struct "box") (template "vec" int) (instance-ref "Counter" class) (int . int) (c-pointer))))

(define (nodes x) (if (pair? x) (+ 1 (nodes (car x)) (nodes (cdr x))) 1))

;; X with CHANGE applied to its node number I, in preorder.
(define (edit x i change)
  (cond ((zero? i) (change x))
        ((pair? x)
         (let ((n (nodes (car x))))
           (if (<= i n)
               (cons (edit (car x) (- i 1) change) (cdr x))
               (cons (car x) (edit (cdr x) (- i n 1) change)))))
        (else x)))

(define (node x i)
  (let ((found #f))
    (edit x i (lambda (n) (set! found n) n))
    found))

(define (deep x n) (if (zero? n) x (deep (list (pick pointers) x) (- n 1))))

;; RENAME gives a symbol's alias, as a macro makes it.
(define (mutate form rename)
  (define (rename-all x)
    (cond ((symbol? x) (rename x))
          ((pair? x) (cons (rename-all (car x)) (rename-all (cdr x))))
          (else x)))
  (define (change x)
    (case (random 11)
      ((0) (if (pair? x) (cdr x) x))
      ((1) (if (pair? x) (cons (car x) x) x))
      ((2) (if (and (pair? x) (pair? (cdr x))) `(,(cadr x) ,(car x) . ,(cddr x)) x))
      ((3) (list x))
      ((4) (if (pair? x) (car x) x))
      ((5) (if (list? x) (list->vector x) x))
      ((6) (rename-all x))
      ((7) (node form (random (nodes form))))
      ((8) (if (symbol? x) (deep x (pick '(1 3 30 500))) x))
      (else (pick junk))))
  (let loop ((n (+ 1 (random 4))) (form form))
    (if (zero? n)
        form
        (loop (- n 1)
              (cons (car form) (edit (cdr form) (random (nodes (cdr form))) change))))))

;; The smallest form found that FAILS? still, by leaving out parts of FORM; after at most TRIES.
(define (shrink form fails? tries)
  (define (smaller)
    (let ((n (nodes (cdr form))))
      (let loop ((i 0))
        (and (< i n)
             (or (try i (lambda (x) (if (pair? x) (cdr x) x)))
                 (try i (lambda (x) (if (pair? x) (car x) x)))
                 (loop (+ i 1)))))))
  (define (try i change)
    (let ((candidate (cons (car form) (edit (cdr form) i change))))
      (and (> tries 0)
           (< (nodes candidate) (nodes form))
           (begin (set! tries (- tries 1)) (fails? candidate))
           candidate)))
  (let ((found (smaller)))
    (if found (shrink found fails? tries) form)))
