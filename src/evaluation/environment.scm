;;; The interaction environment: one for everybody who evaluates.
;;;
;;; CHICKEN keeps it in parameters. All callbacks share theirs; each session, a green thread, has a copy.
;;;
;;; A session evaluates form by form. Before each form it takes over what others have added; after the form it
;;; hands on what it has added. Meanwhile its copy is its own, since an import binds these parameters to
;;; something else for a while.
;;;
;;; A callback that evaluates may be interrupted in such an import. What callbacks share is not to be used then:
;;; sessions use `present`, which has what there was when the callback began, and what they have added since.

;; The environment of the present green thread: a list of lists of bindings.
(define (environment)
  (list (##sys#current-environment) (##sys#macro-environment)
        (##sys#current-meta-environment) (##sys#meta-macro-environment)))

;; Gives the present green thread the environment E.
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

;; Has a callback evaluate by THUNK; gives its value. Nothing but a continuation comes here again, and nothing
;; but one that a green thread of THUNK's has entered leaves it in another green thread.
(define (evaluate-in-callback thunk)
  (let ((before (environment)) (begun? #f) (thread ##sys#current-thread))
    (when (eq? evaluating 0) (set! present before))
    (dynamic-wind
     (lambda ()
       (when begun?
         (fail callseq#captured-elsewhere))
       (set! begun? #t)
       (set! evaluating (fx+ evaluating 1)))
     thunk
     (lambda ()
       (when (eq? thread ##sys#current-thread)
         (set! evaluating (fx- evaluating 1))
         (let ((e (merge (environment) before present)))
           (environment-set! e)
           (set! present e)))))))

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

;; Where import libraries are looked for, in words.
(define (folders)
  (let ((paths (repository-path)))
    (if (pair? paths)
        (apply string-append (car paths) (map (lambda (p) (string-append ":" p)) (cdr paths)))
        "no folder")))
