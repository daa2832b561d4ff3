#!/bin/sh
# Workers that take jobs from a Redis of the test's own: some are killed all the time, some are cut off, and
# every job is done.
. "$TESTS/tap.sh"

redis-server --port 0 --unixsocket "$work/redis.sock" --save '' --dir "$work" >redis.log &
redis=$!
ask() { redis-cli -s "$work/redis.sock" "$@"; }
until [ "$(ask ping 2>&1)" = PONG ]; do :; done
workers=
namespace=
trap 'kill -9 $workers $redis 2>kill.log; [ -z "$namespace" ] || ip netns del $namespace' EXIT

start() { # WHERE: another worker
  "$BUILT/jobs/worker" -t 3 -l 400 -a 3 "$1" 2>>said &
  workers="$workers $!"
}
done_jobs() { echo $(($(ask hlen results) + $(ask hlen failures))); }
until_done() { until [ "$(done_jobs)" -ge "$1" ]; do :; done; }
pending() { ask xpending jobs workers | head -n 1; }

# wrong: of all results, those that are not of their job. Jobs are numbers, and results made of them.
wrong() {
  {
    ask hgetall results
    echo =
    ask xrange jobs - +
  } | awk '
    $0 == "=" { jobs = 1; next }
    !jobs { if (NR % 2) id = $0; else result[id] = $0; next }
    { line = line_count++ % 5 }
    line == 0 { id = $0 }
    line == 2 { kind = $0 }
    line == 4 && kind == "premium" && /smoker/ {
      split($0, part, /[ =]/)
      want = int(part[2] * (part[4] < 30 ? 2 : part[4] < 60 ? 5 : 12) * (part[6] == "yes" ? 2 : 1) / 1000)
      if (result[id] != want) print id, $0, result[id], want
    }'
}
push() { # FIRST LAST
  awk -v i="$1" -v last="$2" 'BEGIN {
    for (; i <= last; i++)
      printf "XADD jobs * kind premium payload \"sum=%d age=%d smoker=%s\"\n", i * 1000, i % 90, i % 3 ? "no" : "yes"
  }' | ask >pushed
}

# Killed all the time: by chance, after some jobs, one of four, and another one begins. SEED repeats the choice.
seed=${SEED:-$$}
echo "# SEED=$seed"
awk -v seed="$seed" 'BEGIN {
  srand(seed)
  for (goal = 0; (goal += 1 + int(rand() * 180)) < 1200;) print goal, 1 + int(rand() * 4)
}' >victims
push 1 1200
for _ in 1 2 3 4; do start "$work/redis.sock"; done
killed=0
while read -r goal victim <&3; do
  until_done "$goal"
  kill -9 "$(echo $workers | cut -d ' ' -f "$victim")"
  workers=$(echo $workers | cut -d ' ' -f "$victim" --complement)
  killed=$((killed + 1))
  start "$work/redis.sock"
  push $((1200 + killed)) $((1200 + killed))
done 3<victims
until_done $((1200 + killed))
is "after $killed workers were killed each job is done" "$(ask hlen results) $(pending)" "$((1200 + killed)) 0"
is 'rightly' "$(wrong)" ''
echo "# done more than once: $(ask hvals times | grep -cv '^1$')"

# Jobs that fail, and one that takes its worker with it.
before=$(done_jobs)
ask xadd jobs '*' kind premium payload 'sum=1000 age=20' >failing
ask xadd jobs '*' kind sing payload '' >unknown
ask xadd jobs '*' kind exit payload '' >deadly
for _ in 1 2 3 4 5; do start "$work/redis.sock"; done
until_done $((before + 3))
is 'a job that fails says why' "$(ask hget failures "$(cat failing)")" 'work: missing: "smoker"'
is 'one of no kind' "$(ask hget failures "$(cat unknown)")" 'work: no such kind of job: "sing"'
is 'one that takes its workers with it is given up' "$(ask hget failures "$(cat deadly)")" \
  'none of its workers came back'
is 'no job is left' "$(pending)" 0

# Asked to end, they finish what they have.
for _ in 1 2 3; do start "$work/redis.sock"; done
before=$(done_jobs)
push 2001 2200
until_done $((before + 50))
kill -TERM $workers 2>kill.log
wait $workers
is 'asked to end, none leaves a job behind' "$(pending)" 0
workers=
start "$work/redis.sock"
until_done $((before + 200))
is 'and the rest is done by others' "$(wrong)" ''

# Another host, which is cut off in the middle. What a run that was killed has left goes first.
connect() {
  ip netns del callseq-jobs
  ip link del callseq-a
  ip netns add callseq-jobs && namespace=callseq-jobs && ip netns exec $namespace true &&
    ip link add callseq-a type veth peer name callseq-b netns $namespace &&
    ip addr add 10.99.7.1/24 dev callseq-a && ip link set callseq-a up &&
    ip -n $namespace addr add 10.99.7.2/24 dev callseq-b && ip -n $namespace link set callseq-b up
}
if [ "$(id -u)" -eq 0 ] && connect 2>ip.log; then
  ask config set bind '10.99.7.1' >bound
  ask config set protected-mode no >>bound
  ask config set port 7379 >>bound
  kill -TERM $workers
  wait $workers
  before=$(done_jobs)
  ip netns exec $namespace "$BUILT/jobs/worker" -t 3 -l 400 10.99.7.1:7379 2>>said &
  workers=$!
  push 3001 5000
  until_done $((before + 100))
  ip link set callseq-a down
  start "$work/redis.sock"
  until_done $((before + 2000))
  is 'when another host is cut off, its jobs are done here' "$(pending) $(wrong)" '0 '
  ip link set callseq-a up
  set -- $workers
  kill -TERM "$2"
  wait "$2"
  before=$(done_jobs)
  push 5001 5100
  until_done $((before + 100))
  is 'and it comes back' "$(wrong)" ''
else
  skip 'another host is cut off' 'network namespaces take root, veth, and no chroot'
fi
fails 'without a server to name' "$BUILT/jobs/worker"
says 'it says how to use it' 'usage: worker'
finish
