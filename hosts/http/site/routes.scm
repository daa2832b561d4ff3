; What the site answers. The last expression is the list of routes; change something and look again.
(define (layout title . parts)
  (string-append "<!doctype html><html lang=en><meta charset=utf-8><title>" (escape title)
                 "</title><h1>" (escape title) "</h1>" (apply string-append parts) "\n"))

(define page (contents "page.html"))

(define (valid-name? name)
  (irregex-match '(** 1 40 (or alphanumeric #\- #\space (/ #\x80 #\xff))) name))

(define (note-line row) (string-append (car row) " " (cadr row) "\n"))

(list
  (on "GET" "/" (lambda () page))
  (on "GET" "/hello/:name"
      (lambda (name)
        (if (valid-name? name)
            (layout "Greetings" "<p>Hello, " (escape name) "!</p>")
            (text "That is not a name.\n" 400))))
  (on "GET" "/statistics" (lambda () (json (statistics))))
  (on "GET" "/mistake" (lambda () (text (or mistake ""))))

  (on "GET" "/notes"
      (lambda ()
        (text (apply string-append
                     (map note-line (query "select id, text from notes order by id"))))))
  (on "POST" "/notes"
      (lambda ()
        (let ((says (verdict (body))))
          (cond ((equal? says "ok")
                 (query "insert into notes (text) values (?)" (body))
                 (text "ok\n" 201))
                (else (text (string-append (->string says) "\n") 422))))))
  (on "GET" "/slow/:ms"
      (lambda (ms) (text (string-append (caar (query "select wait(?)" ms)) "\n"))))

  (on "GET" "/rule" (lambda () (text (contents "rule.scm"))))
  (on "PUT" "/rule" (lambda () (save-rule! (body)) (text "saved\n")))
  (on "POST" "/try/:note" (lambda (note) (text (try (body) note)))))
