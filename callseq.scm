;;; The module callseq: the syntax that users write, and the Scheme side of the library.
;;;
;;; Its rooms are in src/scheme. What a form becomes is decided by src/compile-time.

(declare (unit callseq) (uses scheduler) (disable-interrupts))

;; Behind a syntax stands what its expansion uses; behind the first one what callseq-cncb does, and
;; behind the second one what callseq-eval does.
(module callseq
    ((define-sequenced-callback hand-over give-back note-ready leave describe call-chain report
                                forks without captured-elsewhere released)
     (define-sequenced-callback/status provide-evaluation shared-parameters own-level gone? forked-by tell-children
                                       unserved without-nul make-green-thread milliseconds)
     define-sequenced-callback/post
     define-sequenced-callback/future define-sequenced-callback/notify callseq-header
     (foreign-blocking-lambda call-outside object->handle handle->object released) (foreign-blocking-lambda* call-outside)
     (exclusively call-exclusively))

  (import scheme (chicken base) (chicken condition) (chicken fixnum) (chicken foreign)
          (chicken format) (chicken platform) (chicken port) (chicken syntax))
  (import-for-syntax (chicken format) (chicken io) (chicken module) (chicken port) (chicken string))

;; The module in FOLDER goes into the compile-time part of this module, and so into its import library:
;; nothing of it is linked into programs. `prelude` in it is the text of the FILEs, with a name made of
;; that text and the version; the C of this file defines what is called so (see abi.h), and includes the
;; FILEs.
(define-syntax compile-time-part
  (er-macro-transformer
   (lambda (form rename compare)
     (define read-module (eval (with-input-from-file "src/compile-time/read-module.scm" read)))
     (define (text file) (with-input-from-file file read-string))
     (define (digest text)
       (foldl (lambda (sum c) (modulo (+ (* 31 sum) (char->integer c)) 4294967291))
              0 (string->list text)))
     (let* ((text (apply string-append (map text (cddr form))))
            (version (cadr (assq 'version (with-input-from-file "callseq.egg" read))))
            (name (sprintf "callseq_~A_~A_made_this_object_compile_it_again"
                           (string-translate* version '(("." . "_")))
                           (number->string (digest text) 16)))
            (definition (sprintf "#define CALLSEQ_ABI_MADE_BY ~A\n" name)))
       `(,(rename 'begin)
         (,(rename 'begin-for-syntax)
          ,(read-module (cadr form) '() `(define prelude ,(string-append definition text))))
         (,(rename 'foreign-declare)
          ,(apply string-append
                  (append
                   (map (lambda (file) (sprintf "#include ~S\n" file)) (cddr form))
                   (map (lambda (name) (sprintf "extern const char ~A;\nconst char ~A = 0;\n" name name))
                        (list name
                              "callseq_is_missing__build_with_link_callseq_or_load_it_before_this"))))))))))

(foreign-declare "#include <string.h>\n#include <unistd.h>\n#include \"callseq.h\"\n")

(compile-time-part "src/compile-time" "src/base/compiler.h" "src/context/context.h"
                   "src/sequence/counts.h" "src/sequence/pace.h" "src/sequence/sequencer.h"
                   "src/runtime/self.h" "src/runtime/abi.h" "src/runtime/call.h")

;;; Syntax

;; (define-sequenced-callback [QUALIFIERS] (NAME (TYPE ARG) ...) RTYPE BODY ...)
;;
;; Makes the C function `RTYPE NAME(TYPE ARG, ...)`, which any native thread may call; each call
;; evaluates BODY with the ARGs bound. NAME is not defined in Scheme. TYPE and RTYPE are foreign
;; type specifiers, QUALIFIERS a string put before the name in C. If BODY raises an error, or its
;; value is not of type RTYPE, the C function returns zero or NULL, callseq_last_status() tells
;; the calling thread, and the host's on_error is called.
(define-syntax define-sequenced-callback
  (er-macro-transformer (lambda (form rename compare) (callseq-compile-time#expand-callback form 'plain))))

;; (define-sequenced-callback/status [QUALIFIERS] (NAME (TYPE ARG) ...) RTYPE BODY ...)
;;
;; The same with the C function `int NAME(TYPE ARG, ..., RTYPE *result)`: it returns CALLSEQ_OK and
;; stores the value through `result` unless that is NULL, or returns another status and leaves
;; `*result` alone; on_error is not called. No last parameter where RTYPE is void.
(define-syntax define-sequenced-callback/status
  (er-macro-transformer (lambda (form rename compare) (callseq-compile-time#expand-callback form 'status))))

;; (define-sequenced-callback/post [QUALIFIERS] (NAME (TYPE ARG) ...) void BODY ...)
;;
;; Makes the C function `int NAME(TYPE ARG, ...)`, which queues a call and returns at once: CALLSEQ_OK, or
;; CALLSEQ_FULL, CALLSEQ_CLOSED or CALLSEQ_NOMEM, and then nothing is queued. BODY is evaluated once for
;; each call, in the order in which they were made. Strings are copied. An error in BODY is told to the
;; host's on_error, by the library's own thread.
(define-syntax define-sequenced-callback/post
  (er-macro-transformer (lambda (form rename compare) (callseq-compile-time#expand-callback form 'post))))

;; (define-sequenced-callback/future [QUALIFIERS] (NAME (TYPE ARG) ...) RTYPE BODY ...)
;;
;; The same with the C function `callseq_future *NAME(TYPE ARG, ...)`: NULL if the call is refused,
;; callseq_last_status() says why. `int NAME_result(callseq_future *future, RTYPE *result)` waits for the
;; end of BODY, stores its value through `result` unless that is NULL, releases the future, and returns the
;; call's status; no last parameter where RTYPE is void.
(define-syntax define-sequenced-callback/future
  (er-macro-transformer (lambda (form rename compare) (callseq-compile-time#expand-callback form 'future))))

;; (define-sequenced-callback/notify [QUALIFIERS] (NAME) void BODY ...)
;;
;; Makes the C function `void NAME(void)`, which signal handlers may call, too: BODY is evaluated soon,
;; once for all calls that came before it began, and never twice at once. Its errors are told as those of
;; a /post.
(define-syntax define-sequenced-callback/notify
  (er-macro-transformer (lambda (form rename compare) (callseq-compile-time#expand-callback form 'notify))))

;; (foreign-blocking-lambda RTYPE NAME TYPE ...)
;;
;; A procedure like that of a foreign-lambda, whose C function NAME, a string, runs on the native thread
;; that made the call and on its own stack, with the runtime free: other callbacks run meanwhile, and it
;; may call some itself. Types are those of callbacks; strings are copied for the length of the call,
;; and the result may point into such a copy. `(errno)` is then what the function left.
(define-syntax foreign-blocking-lambda
  (er-macro-transformer (lambda (form rename compare) (callseq-compile-time#expand-blocking form #f))))

;; (foreign-blocking-lambda* RTYPE ((TYPE ARG) ...) BODY ...)
;;
;; The same with the text of a C function, strings, in which the ARGs are parameters.
(define-syntax foreign-blocking-lambda*
  (er-macro-transformer (lambda (form rename compare) (callseq-compile-time#expand-blocking form #t))))

;; (callseq-header FILE LINE ...)
;;
;; While this file is compiled, writes the C and C++ header FILE with the prototypes of all its
;; callbacks, the LINEs (for example an #include of the program's own types) before them.
(define-syntax callseq-header
  (er-macro-transformer (lambda (form rename compare) (callseq-compile-time#expand-header form))))

;; (exclusively BODY ...)
;;
;; Evaluates the BODY, and gives its value: meanwhile no other callback runs, whatever it waits for.
(define-syntax exclusively
  (er-macro-transformer
   (lambda (form rename compare)
     (callseq-compile-time#check-body form)
     `(,(rename 'call-exclusively) (,(rename 'lambda) () ,@(cdr form))))))

;;; The Scheme side

(foreign-declare "#include \"src/runtime/scheme.h\"\n")

(include "src/scheme/c.scm")
(include "src/scheme/levels.scm")
(include "src/scheme/green-threads.scm")
(include "src/scheme/residents.scm")
(include "src/scheme/bindings.scm")
(include "src/scheme/continuations.scm")
(include "src/scheme/suspension.scm")
(include "src/scheme/blocking.scm")
(include "src/scheme/handles.scm")
(include "src/scheme/failures.scm")
(include "src/scheme/reports.scm")
(include "src/scheme/hooks.scm")
(include "src/scheme/signals.scm")
(include "src/scheme/service.scm")
(include "src/scheme/program.scm")
(include "src/scheme/evaluation.scm")
(include "src/scheme/loading.scm")

)
