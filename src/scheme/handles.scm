;;; Handles, as foreign lambdas take and give them; see src/runtime/handles.c.
;;;
;;; A compiler that imports callseq knows the foreign type callseq-handle: a pointer with these two
;;; procedures as its converters (src/compile-time/types.scm). Callbacks and blocking lambdas need no
;;; pointer objects, and convert in C.

;; A pointer to a new handle of OBJECT; #f for #f.
(define (object->handle object)
  (and object
       (or (make-handle object (and (watches-handles?) (place-of-call)))
           (##sys#error "no memory for a handle"))))

;; The object of the handle that POINTER, or #f, leads to.
(define (handle->object pointer)
  (let ((object (object-of pointer)))
    (if (##core#inline "C_unboundvaluep" object)
        (released "a value from C")
        object)))

;; (released WHAT): raises the error that WHAT, which has just been read, is a handle that has been released.
(define (released what)
  (let ((place (released-made-by)))
    (##sys#error
     (string-append what " is a handle that has been released"
                    (if place (string-append "; it was made by " place) "")))))

;; Where the foreign lambda was called that has called object->handle, once for each argument, and before
;; that a collection if it is a safe one: what CHICKEN has noted of the call before those; or #f if its code
;; makes no such notes, as with csc -d0.
(define (place-of-call)
  (let loop ((chain (reverse (get-call-chain))) (handle? #f))
    (and (pair? chain)
         (let ((note (vector-ref (car chain) 0)))
           (cond ((names? "callseq#object->handle" note) (loop (cdr chain) #t))
                 ((and handle? (not (names? "##sys#gc" note))) note)
                 (else (loop (cdr chain) handle?)))))))

;; Is NAME the end of what CHICKEN has noted of a call?
(define (names? name note)
  (let ((start (fx- (string-length note) (string-length name))))
    (and (fx>= start 0) (string=? name (substring note start)))))
