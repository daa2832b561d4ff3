;;; The interaction environment: one for everybody who evaluates.
;;;
;;; CHICKEN keeps it in parameters, of which each green thread has a copy; those of callbacks are shared.
;;; A session has copies of its own while it evaluates a form, since an import binds them to something
;;; else for a while, and takes over what others have added before the form, and hands on what it has
;;; added after it.
;;;
;;; While a callback evaluates, its own may be bound so when it is interrupted: then sessions use `present`,
;;; what there was when it began and what they have added since.

;; The environment of the present green thread: a list of lists of bindings.
(define (environment)
  (list (##sys#current-environment) (##sys#macro-environment)
        (##sys#current-meta-environment) (##sys#meta-macro-environment)))

(define (environment-set! e)
  (##sys#current-environment (car e))
  (##sys#macro-environment (cadr e))
  (##sys#current-meta-environment (caddr e))
  (##sys#meta-macro-environment (cadddr e)))

;; An environment with what has been added to BEFORE in MINE, and in THEIRS.
(define (merge mine before theirs)
  (map (lambda (mine before theirs)
         (cond ((eq? mine before) theirs)
               ((eq? theirs before) mine)
               (else
                (let loop ((bindings mine))
                  (cond ((null? bindings) theirs)
                        ((memq (car bindings) before) (loop (cdr bindings)))
                        (else (cons (car bindings) (loop (cdr bindings)))))))))
       mine before theirs))

;; How many callbacks evaluate, and what sessions see meanwhile.
(define evaluating 0)
(define present #f)

;; Has a callback evaluate by THUNK; gives its value. Nothing but a continuation comes here again.
(define (evaluate-in-callback thunk)
  (let ((before (environment)) (begun? #f))
    (when (eq? evaluating 0) (set! present before))
    (dynamic-wind
     (lambda ()
       (when begun?
         (fail "a continuation was entered that was captured in another call; it can only be used until that call returns, and inside it"))
       (set! begun? #t)
       (set! evaluating (fx+ evaluating 1)))
     thunk
     (lambda ()
       (set! evaluating (fx- evaluating 1))
       (let ((e (merge (environment) before present)))
         (environment-set! e)
         (set! present e))))))

;; What a session has to see.
(define (present-environment)
  (if (eq? evaluating 0)
      (callseq#shared-parameters environment)
      present))

;; Takes it over; gives it.
(define (adopt-environment)
  (let ((e (present-environment)))
    (environment-set! e)
    e))

;; Hands on what the present green thread has added to BEFORE, or #f.
(define (hand-on-environment before)
  (when before
    (let ((e (merge (environment) before (present-environment))))
      (if (eq? evaluating 0)
          (callseq#shared-parameters (lambda () (environment-set! e)))
          (set! present e)))))

;; An import of a module that the program does not have says where it was looked for.
(set! ##sys#import-library-hook
  (let ((find ##sys#import-library-hook))
    (lambda (name)
      (or (find name)
          (error 'import
                 (sprintf "there is no module ~A in the program, and no import library ~A.import.so in ~A~A"
                          name name (folders)
                          (if (chicken.load#find-dynamic-extension "chicken.string.import" #t)
                              ""
                              "; CHICKEN's own are not installed: ship those that are needed, in a folder of CHICKEN_REPOSITORY_PATH")))))))

(define (folders)
  (let ((paths (repository-path)))
    (if (pair? paths) (apply string-append (car paths) (map (lambda (p) (string-append ":" p)) (cdr paths))) "no folder")))
