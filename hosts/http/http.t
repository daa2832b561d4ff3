#!/bin/sh
# The web server, driven from outside: by curl, by wrk, by another program's lock on the database, and by a
# browser, which uses the page.
. "$TESTS/tap.sh"
here=$(dirname "$0")
cp -r "$here/site" .

# start, with options: sets $url and $server; what it says on standard error is in the file `said`.
start() { # OPTION...
  rm -f begins
  mkfifo begins
  "$BUILT/http/http" -p 0 -t 4 -d "$work/notes.db" "$@" site >begins 2>said &
  server=$!
  url=
  read -r url <begins
}
get() { curl -s -m "${patience:-60}" "$url${1#/}"; }
send() { curl -s -m 60 -H 'X-Requested-With: test' "$@"; }
code() { send -o /dev/null -w '%{http_code}' "$@"; }
counted() { get /statistics | sed 's/.*"'"$1"'": \([0-9]*\).*/\1/'; }

# until_so COMMAND...: what is to come by itself, and soon.
until_so() { until "$@"; do :; done; }

start
is 'a page from a template' "$(get /hello/Ada)" \
  '<!doctype html><html lang=en><meta charset=utf-8><title>Greetings</title><h1>Greetings</h1><p>Hello, Ada!</p>'
is 'a name that is none' "$(code "${url}hello/%3Cb%3E")" 400
is 'a page that is not there' "$(code "${url}nowhere")" 404
is 'a note' "$(send --data 'buy milk' "${url}notes")" ok
is 'a note that the rule refuses' "$(send --data 'Win the LOTTERY' "${url}notes")" 'that looks like an advertisement'
is 'is in the database' "$(sqlite3 notes.db 'select text from notes')" 'buy milk'
send --data "it's; -- \"&é" "${url}notes" >/dev/null
is 'notes are listed' "$(get /notes)" "1 buy milk
2 it's; -- \"&é"
head -c 70000 /dev/zero | tr '\0' x >long
is 'a note that is too long for a request' "$(code --data @long "${url}notes")" 413
is "another page's request" "$(curl -s --data x "${url}notes")" 'Not from there.'
is 'a request by another name' "$(curl -s -H 'Host: evil.example' "${url}notes")" 'Not from there.'

# Rules to try: right, wrong, endless.
try() { send --data "$1" "${url}try/abc"; }
is 'a rule is tried' "$(try '(define (verdict note) (string-append note "!"))')" 'abc!'
is 'one with a mistake' "$(try '(define (verdict note) (+ 1 note))')" \
  'Error: (+) bad argument type - not a number: "abc"'
is 'one that is no Scheme' "$(try '(define (verdict')" \
  'Error: unterminated list'
is 'one that does not end' "$(try '(define (verdict note) (let loop () (loop)))')" 'Error: not done in a second'
is 'it goes on' "$(code "${url}hello/Ada")" 200

# Another program has the database: a query waits, and nobody else does.
lock() {
  rm -f commands replies
  mkfifo commands replies
  sqlite3 notes.db <commands >replies &
  exec 3>commands 4<replies
  echo "begin exclusive; select 'locked';" >&3
  read -r locked <&4
}
unlock() {
  echo 'commit;' >&3
  exec 3>&- 4<&-
}
lock
is 'another program locks the database' "$locked" locked
before=$(counted suspended)
send --data 'sell milk' "${url}notes" >posted &
posting=$!
# Asked again if not answered at once: a thread of the pool may have taken this connection and that of the
# query together, and answers one after the other.
waits() { [ "$(patience=0.2 && counted suspended)" -gt "$before" ] 2>unanswered; }
until_so waits
right=0
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  [ "$(code "${url}hello/Ada")" -ne 200 ] || right=$((right + 1))
done
is 'while a query waits for it others are answered' "$right, $(cat posted)" '20, '
unlock
wait $posting
is 'then it is done' "$(cat posted)" ok

# Files that change.
cat >>site/rule.scm <<'END'
(define (verdict note) (if (string=? note "x") "no x" "ok"))
END
refuses_x() { [ "$(send --data x "${url}notes")" = 'no x' ]; }
until_so refuses_x
is 'a rule that is changed is in force' "$(send --data y "${url}notes")" ok
cp site/routes.scm kept
echo '(on "GET"' >site/routes.scm
has_mistake() { [ -n "$(get /mistake)" ]; }
until_so has_mistake
says_so() { grep -q unterminated said; }
ok 'a mistake is told' says_so
is 'and the old routes go on' "$(code "${url}hello/Ada")" 200
sed -e 's/Hello/Good day/' -e 's/^(list$/(list (on "GET" "\/raise" (lambda () (car "no list")))/' kept >new
mv new site/routes.scm
greets() { get /hello/Ada | grep -q 'Good day, Ada'; }
until_so greets
is 'until it is mended' "$(get /mistake)" ''
is 'an error in a route' "$(send -w '%{http_code}' "${url}raise")" "$(printf 'answer: (car) bad argument type: "no list"\n500')"

# Load, on more connections than there are threads.
if command -v wrk >/dev/null; then
  ok 'under load' wrk -t 2 -c 32 -d 1s "${url}hello/Ada"
  is 'nothing fails' "$(grep -e Non-2xx -e 'Socket errors' "$output")" ''
else
  skip 'under load' 'wrk is not installed'
fi

# The page, in a browser.
if command -v chromium >/dev/null; then
  cp "$here/site/rule.scm" site/
  cat >use.js <<'END'
    const until = async so => { while (!so()) await new Promise(done => setTimeout(done, 20)) }
    const at = id => document.getElementById(id), value = id => at(id) && at(id).textContent
    const says = async (id, text) => { at(id).click(); await until(() => value('verdict').includes(text)) }
    await until(() => value('requests') && at('rule').value.includes('lottery'))
    const first = value('requests')
    await until(() => value('requests') != first)
    await says('try', 'that looks like an advertisement')
    at('rule').value = '(define (verdict note) (car note))'
    await says('try', 'bad argument type')
    at('rule').value = '(define (verdict note) (if (string=? note "milk") "sold out" "ok"))'
    await says('try', 'ok')
    await says('save', 'saved')
    at('note').value = 'milk'
    await says('try', 'sold out')
    return 'the page works'
END
  ok 'a browser uses the page' python3 "$here/browser.py" "$url" use.js page.png
  says 'to the end' 'the page works'
  sold_out() { [ "$(send --data milk "${url}notes")" = 'sold out' ]; }
  until_so sold_out
  is 'what it saved is in force' "$(cat site/rule.scm)" \
    '(define (verdict note) (if (string=? note "milk") "sold out" "ok"))'
else
  skip 'a browser uses the page' 'chromium is not installed'
fi

# The end, while a request is being answered.
before=$(counted suspended)
get /slow/300 >slow &
slow=$!
until_so waits
kill -TERM $server
wait $server
is 'a signal ends it' "$? $(grep -v unterminated said)" '0 '
wait $slow
is 'after what had begun' "$(cat slow)" 300
is 'which closes the database' "$(sqlite3 notes.db 'pragma integrity_check')" ok

# The end, while a request is never sent completely, and a query waits for what nobody gives it.
start -e 0
cat >unfinished.py <<'END'
import socket, sys
connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
connection.sendall(b"POST /notes HTTP/1.1\r\nHost: localhost:%s\r\nX-Requested-With: test\r\n"
                   b"Content-Length: 9\r\n\r\nnot" % sys.argv[1].encode())
print("sent", flush=True)
while connection.recv(1000):
    pass
END
mkfifo sent
port=${url##*:}
python3 unfinished.py "${port%/}" >sent &
sender=$!
read -r sent <sent
lock
before=$(counted suspended)
send -w '%{http_code}' --data late "${url}notes" >late &
posting=$!
until_so waits
kill -TERM $server
closes() { grep -q 'http: closing: ' said; }
until_so closes
unlock
wait $server
is 'what does not end is given up' $? 1
wait $posting
is 'whose client is hung up on' "$(cat late)" 000
wait $sender
is 'as is that of the other' "$sent $?" 'sent 0'

fails 'without a folder it says how' "$BUILT/http/http"
says 'to use it' 'usage: http'
fails 'a folder that is not there' "$BUILT/http/http" -p 0 -d "$work/notes.db" nowhere
says 'is named' nowhere
finish
