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
        (##sys#error "a foreign lambda's result is a handle that has been released")
        object)))

;; Where the foreign lambda was called that has called object->handle, once for each argument: what CHICKEN
;; has noted of the call before those; or #f if its code makes no such notes, as with csc -d0.
(define (place-of-call)
  (let loop ((chain (reverse (get-call-chain))) (handle? #f))
    (cond ((null? chain) #f)
          ((names? "callseq#object->handle" (vector-ref (car chain) 0)) (loop (cdr chain) #t))
          (handle? (vector-ref (car chain) 0))
          (else (loop (cdr chain) #f)))))

;; Is NAME the end of what CHICKEN has noted of a call?
(define (names? name note)
  (let ((start (fx- (string-length note) (string-length name))))
    (and (fx>= start 0) (string=? name (substring note start)))))
