;;; The module callseq-eval: evaluating from C, and prompts into the running program.
;;;
;;; Its rooms are in src/evaluation; the C functions are in src/runtime/evaluate.c, which calls what is
;;; provided here. A session is two green threads: one reads what comes, so that it sees the end of the
;;; connection, or a request to stop, while the other evaluates.
;;;
;;; Green threads change only where this file lets them: its code is not interrupted. What it evaluates
;;; is.

;; No C of callseq's is used here: the shared module is loaded before it has loaded callseq. The unit posix is
;; for whoever evaluates: a child made there, too, is what callseq knows of a child (see src/scheme/hooks.scm).
(declare (unit callseq-eval) (uses scheduler chicken-syntax posix) (disable-interrupts))

(module callseq-eval (repl-listen)

  (import scheme (chicken base) (chicken condition) (chicken eval) (chicken fixnum) (chicken foreign)
          (chicken format) (chicken load) (chicken platform) (chicken port) callseq)

(foreign-declare "#include \"src/evaluation/sockets.h\"\n")

(include "src/evaluation/environment.scm")
(include "src/evaluation/texts.scm")
(include "src/evaluation/sessions.scm")
(include "src/evaluation/listeners.scm")

(callseq#defined)                       ; process-fork is there now

(callseq#provide-evaluation
 evaluate-text
 load-file
 (lambda (path wanted?)
   (repl-listen path)
   #f))

)
