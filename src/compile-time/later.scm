;;; C text of callbacks whose calls are executed later: what a call owns, the function that hosts call,
;;; and for a future the one that gives its result.
;;;
;;; Such a call outlives the caller's frame. So strings are copied when it is made, handles are retained,
;;; and both go with it; so does a result of these types that nobody asks for.

;; Are calls of CALLBACK executed later?
(define (later? callback) (memq (callback-manner callback) '(post future notify)))

;; Has CALLBACK a future for each call?
(define (future? callback) (eq? (callback-manner callback) 'future))

;; The name of the function that gives a future's result.
(define (result-name callback) (string-append (callback-name callback) "_result"))

;; Ends the compilation if CALLBACK, whose calls are executed later, asks for what cannot be.
(define (check-later callback)
  (define (bad message . culprit)
    (apply refuse (callback-form callback) (callback-name callback) message culprit))
  (unless (future? callback)
    (unless (void-result? callback)
      (bad "the result: nobody waits for it; write void, or take define-sequenced-callback/future"
           (callback-result callback))))
  (when (eq? (callback-manner callback) 'notify)
    (unless (null? (callback-types callback))
      (bad "a notification has no arguments, for one run answers several; take define-sequenced-callback/post"
           (map strip-syntax (callback-variables callback)))))
  (for-each
   (lambda (type variable)
     (when (reference? type)
       (bad (sprintf "argument `~A': what it refers to may be gone when the call is executed; pass a c-pointer"
                     (strip-syntax variable))
            type)))
   (callback-types callback) (callback-variables callback))
  (when (future? callback)
    (cond ((name-refusal (result-name callback))
           => (lambda (why) (bad (sprintf "its result is asked for by ~A: ~A" (result-name callback) why)))))))

;; Ends the compilation if a function that gives a future's result has the name of a callback.
(define (check-result-name callback)
  (define (check future other)
    (when (and (future? future) (string=? (result-name future) (callback-name other)))
      (refuse (callback-form callback) (callback-name callback)
              (sprintf "~A is the function that gives the result of ~A; rename one" (result-name future)
                       (callback-name future)))))
  (for-each (lambda (other) (check callback other) (check other callback)) callbacks))

;; The prototype of the function that gives a future's result, without a semicolon.
(define (result-prototype callback readable?)
  (let ((result (callback-result callback)))
    (sprintf "~A~Aint ~A(struct callseq_future *~A~A)"
             (storage callback) (qualifiers callback) (result-name callback)
             (if (and readable? (not (member "future" (type-words callback)))) "future" "callseq_handed")
             (if (void-result? callback)
                 ""
                 (sprintf ", ~A"
                          ((if readable? plain-declaration declaration)
                           (list 'c-pointer (returned result))
                           (if readable? "result" "callseq_result")))))))

;; A name in C for what frees what a call owns, or "0" if that is nothing.
(define (dropper callback)
  (if (and (later? callback) (any* owned? (all-types callback))) (own "drop" callback) "0"))

;; Does a value of TYPE belong to the call that has it?
(define (owned? type) (or (string-type? type) (string-list? type) (handle? type)))

;; Is TYPE a list of strings?
(define (string-list? type) (memq (kind type) '(c-string-list c-string-list*)))

;; Statements that free the members NAMES, of TYPES, of the structure that callseq_call points to.
(define (free-text types names)
  (map (lambda (type name)
         (cond ((string-list? type) (sprintf "  callseq_abi_free_strings(callseq_call->~A);" name))
               ((handle? type)
                (sprintf "  callseq_abi_release((struct callseq_handle *)callseq_call->~A);" name))
               ((string-type? type) (sprintf "  callseq_abi_free((void *)callseq_call->~A);" name))
               (else '())))
       types names))

;; C text of the function that frees what a call owns; "" if that is nothing.
(define (drop-text callback)
  (if (string=? (dropper callback) "0")
      '()
      (lines
       (sprintf "static void ~A(struct callseq_abi_request *callseq_request) {" (dropper callback))
       (sprintf "  struct ~A *callseq_call = (struct ~A *)callseq_request;" (own "call" callback)
                (own "call" callback))
       (free-text (callback-types callback) (names callback))
       (if (void-result? callback) '() (free-text (list (callback-result callback)) '("callseq_result")))
       "}")))

;; A statement that gives the call argument NAME of TYPE: what conversions free is the call's from now
;; on, other strings are copied, and handles retained.
(define (give-text type name)
  (let ((k (kind type)))
    (sprintf "  callseq_call.~A = (~A)~A;" name (place type "")
             (cond ((memq k kept-strings)
                    (sprintf "callseq_abi_copy((const char *)~A, &callseq_whole)" name))
                   ((handle? type) (sprintf "callseq_abi_retain((struct callseq_handle *)~A)" name))
                   ((eq? k 'c-string-list) (sprintf "callseq_abi_copy_strings(~A, &callseq_whole)" name))
                   (else name)))))

;; Where the program has no lock there is nobody who could execute them.
(define (lock-guard callback)
  (lines
   "#ifdef CALLSEQ_NO_LOCK"
   (line-directive (callback-place callback))
   (sprintf "#error \"~A: ~A: compiled with CALLSEQ_NO_LOCK, a program has no thread that could execute it later; leave that out\""
            (callback-form callback) (callback-name callback))
   "#endif"))

;; C text of the functions that hosts call.
(define (later-text callback)
  (let ((structure (own "call" callback)) (record (own "callback" callback)))
    (case (callback-manner callback)
      ((notify)
       (lines
        (sprintf "static struct callseq_abi_notice ~A = {&~A, 0, 0, 0, CALLSEQ_ATOMIC_ZERO};"
                 (own "notice" callback) record)
        (in-c callback (string-append (prototype callback #f) " {"))
        (sprintf "  callseq_abi_notify(&~A);" (own "notice" callback))
        "}"))
      (else
       (lines
        (in-c callback (string-append (prototype callback #f) " {"))
        (sprintf "  struct ~A callseq_call;" structure)
        "  int callseq_whole = 1;"
        (map give-text (callback-types callback) (names callback))
        (if (owned? (callback-result callback)) "  callseq_call.callseq_result = 0;" '())
        (sprintf "  return ~A(&callseq_call.callseq_request, &~A, callseq_whole);"
                 (if (future? callback) "callseq_abi_future" "callseq_abi_post") record)
        "}"
        (if (future? callback) (result-function-text callback) '()))))))

;; C text of the function that gives a future's result.
(define (result-function-text callback)
  (let ((void? (void-result? callback)) (result (callback-result callback)))
    (lines
     (in-c callback (string-append (result-prototype callback #f) " {"))
     "  struct callseq_abi_request *callseq_request;"
     (sprintf "  int callseq_status = callseq_abi_await(callseq_handed, &~A, &callseq_request);"
              (own "callback" callback))
     (if void?
         '()
         (lines
          "  if (!callseq_status && callseq_result) {"
          (sprintf "    struct ~A *callseq_call = (struct ~A *)callseq_request;" (own "call" callback)
                   (own "call" callback))
          (sprintf "    *callseq_result = ~A;" (value-text callback "callseq_call->callseq_result"))
          (if (owned? result) "    callseq_call->callseq_result = 0;" '())
          "  }"))
     "  callseq_abi_let_go(callseq_request);"
     "  return callseq_status;"
     "}")))
