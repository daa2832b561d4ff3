#!/bin/sh
# Pages of a server of the test's own, fetched at the same time.
. "$TESTS/tap.sh"

mkdir site
for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  echo "<title>Page $n</title>" >site/$n.html
done
echo 'no more than this' >site/plain
mkfifo begins
python3 -u -c '
import http.server, os, functools
class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *rest): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory="site"))
print(server.server_port)
server.serve_forever()' >begins &
server=$!
trap 'kill $server' EXIT
read -r port <begins
url=http://127.0.0.1:$port

urls= want=
for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  urls="$urls $url/$n.html"
  want="$want$url/$n.html: $((21 + ${#n})) bytes, Page $n
"
done
"$BUILT/curl/fetch" $urls >fetched
is 'twenty pages' "$? $(sort fetched)" "0 $(printf %s "$want" | sort)"
fails 'a page that is not there' "$BUILT/curl/fetch" $url/plain $url/nothing
says 'is told beside one that is' "$url/plain: 18 bytes, no title" "$url/nothing: HTTP response code said error"
fails 'without a URL' "$BUILT/curl/fetch"
says 'it says how to use it' 'usage: fetch'
finish
