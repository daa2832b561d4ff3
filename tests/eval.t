#!/bin/sh
# Programs that evaluate: without the module, without CHICKEN's import libraries, optimised; Scheme programs
# and csi with a prompt; callseq-repl, and Emacs.
. "$TESTS/tap.sh"
export CPATH="$STAGE/include"
repository=$STAGE/lib/chicken/11
client=$STAGE/bin/callseq-repl

cat >app.scm <<'END_OF_FILE'
(import (chicken base) (chicken platform) (chicken string) callseq)
(cond-expand (evaluates (import callseq-eval)) (else))
(define (rule n) (* 2 n))
(define (set-rule! new) (set! rule new))
(define-sequenced-callback (apply_rule (int n)) int (string->number (conc (rule n))))
(return-to-host)
END_OF_FILE
cat >main.c <<'END_OF_FILE'
#include <callseq.h>
#include <stdio.h>
#include <stdlib.h>
int apply_rule(int n);
int main(int argc, char **argv) { /* TEXT...: prints what each gives */
  callseq_init();
  for (int i = 1; i < argc; i++) {
    char *printed;
    int status = callseq_eval(argv[i], &printed);
    printf("%d %s\n", status, status ? callseq_last_error() : printed);
    free(printed);
  }
  printf("load %d, ", callseq_load("no-file.scm"));
  printf("repl %d, rule %d\n", callseq_repl(NULL), apply_rule(1));
  return 0;
}
END_OF_FILE

ok 'a program without the module is built' $CSC -e app.scm main.c -o without -link callseq
is 'it answers CALLSEQ_INVALID, with the remedy' "$(./without 1)" \
  '3 callseq_eval: there is no evaluator in this program: add (import callseq-eval) to its Scheme code, and link it with -link callseq,callseq-eval
load 3, repl 3, rule 2'
ok 'one with it is built, optimised' \
  $CSC -O3 -D evaluates -e app.scm main.c -o with -link callseq,callseq-eval
is 'its rule can be replaced' "$(./with '(define (rule n) (* 300 n))')" '0 #<unspecified>
load 1, repl 0, rule 300'

mkdir empty shipped
is 'without import libraries, what needs none' \
  "$(CHICKEN_REPOSITORY_PATH=$PWD/empty ./with "(string-append (symbol->string 'a) \"b\")" \
    '(let-values (((a b) (values 1 2))) (+ a b))' '(chicken.string#conc 1 2)' | grep -v load)" '0 "ab"
0 3
0 "12"'
CHICKEN_REPOSITORY_PATH=$PWD/empty ./with '(import (chicken string))' >"$output"
says 'an import says what is missing' 'no import library chicken.string.import.so in ' "$PWD/empty" \
  "CHICKEN's own are not installed" 'CHICKEN_REPOSITORY_PATH'
cp "$(chicken-install -repository)/chicken.string.import.so" shipped
is 'one that is shipped is found' \
  "$(CHICKEN_REPOSITORY_PATH=$PWD/shipped ./with '(import (chicken string)) (conc 1 2)' | head -n 1)" '0 "12"'

# A Scheme program, and csi.
cat >program.scm <<'END_OF_FILE'
(import (chicken base) callseq-eval)
(define going? #t)
(repl-listen "prompt")
(print "listens")
(flush-output)
(let loop () (when going? (loop)))
(print "ends")
END_OF_FILE
session='(display "hello") (+ 40 2) (set! going? #f)'
listens() { # PROGRAM...: has a session with it
  mkfifo said
  "$@" >said </dev/null 2>complaints &
  exec 3<said
  read -r line <&3
  echo "$session" | "$client" prompt
  cat <&3
  exec 3<&-
  rm said
}
ok 'a Scheme program that computes is built' $CSC program.scm -o program -link callseq,callseq-eval
answers='#;1> hello#;2> 42
#;3> #;4> ends'
is 'it has a prompt' "$(listens ./program)" "$answers"
ok 'the same with the shared egg' $CSC program.scm -o shared
is 'it has one, too' "$(listens ./shared)" "$answers"
is 'and in csi' "$(listens csi -n -q program.scm | head -n 2)" "$answers"

# More than the session takes before its answers are read.
session=$(awk 'BEGIN { for (i = 0; i < 25000; i++) printf "(display \"%0100d\")\n", i; print "(set! going? #f)" }')
is 'and by a pipe, however long' "$(listens ./program | tr '#' '\n' | grep -c '^;[0-9]*> 0')" 25000

# Terminals on which rlwrap ends, or writes what nobody can read.
reason=$(no_terminal)
for terminal in 'stty cols 0' 'stty cols 80; export TERM=dumb' 'stty cols 80; unset TERM'; do
  if [ -n "$reason" ]; then
    skip "a terminal without line editing: $terminal" "$reason"
    continue
  fi
  ./program >/dev/null &
  while [ ! -e prompt ]; do sleep 0.01; done
  printf '(list 40 2)\n\004' | timeout 60 script -qec "$terminal; $client prompt" /dev/null >shown
  ok "a terminal without line editing: $terminal" grep -qE '(^|> )\(40 2\).?$' shown
  echo '(set! going? #f)' | "$client" prompt >/dev/null
  wait
done

ok 'the name is gone' test ! -e prompt
fails 'callseq-repl where nobody listens' "$client" prompt
says 'it says so' 'prompt: No such file'
"$client" >"$output" 2>&1
is 'callseq-repl without a name' $? 2

if ! command -v emacs >/dev/null; then
  skip 'Emacs as a terminal' 'emacs is not installed'
else
  cat >terminal.el <<'END_OF_FILE'
(require 'cmuscheme)
(defun await (text)
  (let ((n 0))
    (while (and (< n 1000) (not (with-current-buffer "*scheme*" (save-excursion (goto-char 1) (search-forward text nil t)))))
      (setq n (1+ n))
      (accept-process-output nil 0.02))))
(run-scheme (concat (getenv "STAGE") "/bin/callseq-repl prompt"))
(await "#;1> ")
(with-temp-buffer
  (insert "(define (twice n)\n  (* 2 n))\n(list 'from-emacs (twice 21))\n(set! going? #f)\n")
  (scheme-send-region (point-min) (point-max)))
(await "42)")
(princ (with-current-buffer "*scheme*" (buffer-string)))
END_OF_FILE
  ./program >/dev/null &
  while [ ! -e prompt ]; do sleep 0.01; done
  ok 'Emacs, in batch, sends definitions' timeout 60 emacs --batch -Q -l terminal.el
  says 'and shows the answer' '(from-emacs 42)'
  wait
fi
finish
