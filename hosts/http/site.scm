;; The site: answers requests by routes that are not compiled but read from a folder, again whenever a
;; file there changes. This file is what those may use.
(import (chicken platform) (chicken foreign) (chicken base) (chicken condition) (chicken eval)
        (chicken file) (chicken io) (chicken pathname) (chicken port)
        (chicken process signal) (chicken string) callseq)
(callseq-header "site.h" "#include \"http.h\"")
(include "data.scm")

;; ---- What routes are made of ----

;; Segments of a path; those that begin with a colon stand for any one, which the procedure gets.
(define (on method pattern procedure)
  (list method (string-split pattern "/") procedure))

;; An answer is a list: code, type, text. A string alone is a page.
(define-values (type/text type/html type/json)
  (values (foreign-value "TYPE_TEXT" int) (foreign-value "TYPE_HTML" int)
          (foreign-value "TYPE_JSON" int)))
(define (text string #!optional (code 200)) (list code type/text string))
(define (json string) (list 200 type/json string))

(define (escape string)
  (string-translate* string '(("&" . "&amp;") ("<" . "&lt;") (">" . "&gt;") ("\"" . "&quot;"))))

(define statistics (foreign-lambda c-string* "statistics"))

(define body (make-parameter ""))       ; of the request, bound for each

;; ---- The folder ----

(define folder #f)
(define routes '())
(define mistake #f)                     ; why the newest files are not in use

(define (path name) (make-pathname folder name))
(define (contents name) (with-input-from-file (path name) read-string))
(define (forms text) (with-input-from-string text read-list))

;; The files are the body of one procedure: what they define is their own, so the old routes go on as
;; they were while the new ones are made, and also where these are wrong.
(define (read-site)
  (handle-exceptions e (begin (set! mistake (message e)) #f)
    (let ((new (eval `(let () ,@(forms (contents "rule.scm")) ,@(forms (contents "routes.scm"))))))
      (set! routes new)
      (set! mistake #f)
      #t)))

(define (message e)                     ; without the empty line that it begins with
  (let ((print-it (lambda () (print-error-message e (current-output-port) "Error"))))
    (string-intersperse (string-split (with-output-to-string print-it) "\n") "\n")))

;; ---- A rule to try ----

;; What the rule, as text, says of the note; a mistake in it, or that it has not ended in a second.
(define (try rule note)
  (exclusively                          ; there is one alarm
    (call-with-current-continuation
      (lambda (leave)
        (dynamic-wind
          (lambda () (set! time-over leave) (set-alarm! 1))
          (lambda ()
            (handle-exceptions e (message e)
              (->string (eval `(let () ,@(forms rule) (verdict ,note))))))
          (lambda () (set! time-over #f) (set-alarm! 0)))))))

(define time-over #f)
(set-signal-handler! signal/alrm
  (lambda (signal) (when time-over (time-over "Error: not done in a second"))))

;; The new text is there at once, or not at all. The watcher sees it, and has the site read again.
(define (save-rule! rule)
  (call-with-output-file (path ".rule.new") (lambda (port) (write-string rule #f port)))
  (rename-file (path ".rule.new") (path "rule.scm") #t))

;; ---- Requests ----

;; The procedure of the first route that fits, and its arguments; or #f.
(define (find-route method segments)
  (let next ((rest routes))
    (and (pair? rest)
         (let ((arguments (and (string=? method (caar rest)) (match (cadar rest) segments))))
           (if arguments (cons (caddar rest) arguments) (next (cdr rest)))))))

(define (match pattern segments)        ; a list of what the colons stand for, or #f
  (cond ((null? pattern) (and (null? segments) '()))
        ((null? segments) #f)
        ((char=? #\: (string-ref (car pattern) 0))
         (let ((rest (match (cdr pattern) (cdr segments)))) (and rest (cons (car segments) rest))))
        (else (and (string=? (car pattern) (car segments)) (match (cdr pattern) (cdr segments))))))

(define fill-in!
  (foreign-lambda* void (((c-pointer (struct "head")) head) (int code) (int type))
    "head->code = code; head->type = type;"))

(define-sequenced-callback/status (answer (c-string method) (c-string url) (c-string sent)
                                          ((c-pointer (struct "head")) head)) c-string*
  (let* ((route (find-route method (string-split url "/")))
         (answer (if route
                     (parameterize ((body sent)) (apply (car route) (cdr route)))
                     (list 404 type/text "There is no such page.\n"))))
    (cond ((string? answer)
           (fill-in! head 200 type/html)
           answer)
          (else
           (fill-in! head (car answer) (cadr answer))
           (caddr answer)))))

(define-sequenced-callback/status (open_site (c-string site) (c-string data)) void
  (set! folder site)
  (open-data data)
  (unless (read-site) (error mistake)))

(define-sequenced-callback (changed) void
  (read-site)
  (when mistake (print-error mistake)))
(define (print-error text) (with-output-to-port (current-error-port) (lambda () (print text))))

(on-exit close-data)

(eval '(import (chicken base) (chicken string) (chicken irregex)))
(return-to-host)
