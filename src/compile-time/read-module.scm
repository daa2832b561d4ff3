;; The module in module.scm as one form, of the files in FOLDER. EXPORTS are added to its own, and
;; DEFINITIONS put in before the first file. For a transformer, which evaluates this expression: an
;; import library has the transformer's text, where this file is no longer beside it.
(lambda (folder exports . definitions)
  (define (forms file)
    (with-input-from-file (string-append folder "/" file)
      (lambda ()
        (let loop ((form (read)))
          (if (eof-object? form) '() (cons form (loop (read))))))))
  (let ((module (car (forms "module.scm"))))
    `(,(car module) ,(cadr module) (,@exports ,@(caddr module))
      ,(cadddr module)
      ,@definitions
      ,@(apply append
               (map (lambda (form) (if (eq? (car form) 'include) (forms (cadr form)) (list form)))
                    (cddddr module))))))
