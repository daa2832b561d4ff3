;; The module in module.scm as one form, of the files in FOLDER. EXPORTS are added to its own, and
;; DEFINITIONS put in before the first file. For a transformer, which includes this.
(define (read-module folder exports . definitions)
  (define (forms file) (with-input-from-file (string-append folder "/" file) read-list))
  (let ((module (car (forms "module.scm"))))
    `(,(car module) ,(cadr module) (,@exports ,@(caddr module))
      ,(cadddr module)
      ,@definitions
      ,@(apply append
               (map (lambda (form) (if (eq? (car form) 'include) (forms (cadr form)) (list form)))
                    (cddddr module))))))
