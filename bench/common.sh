# What the scripts of the benchmark share. They set `bench`, the folder of this file, and are in OUT.

# progress STAGE DETAIL: on a terminal one line that is written over, elsewhere a line per stage.
stage=
progress() {
  if [ -t 2 ]; then
    printf '\r\033[K%s%s' "$1" "${2:+: $2}" >&2
  elif [ "$1" != "$stage" ]; then
    [ -z "$1" ] || echo "$1" >&2
  fi
  stage=$1
}

# measure PROGRAM ARGUMENT...: prints what it measures, or "-" if this machine cannot run it.
measure() {
  program=$1 status=0
  shift
  timeout 120 "./$program" "$@" 2>stderr || status=$?
  case $status in
  0) ;;
  77) echo - ;;
  *)
    echo "bench: $program failed with exit code $status; try, in $OUT, ./$program $*" >&2
    cat stderr >&2
    return 1
    ;;
  esac
}

# The header of a file that `sample` adds to.
samples_header() {
  echo "round,row,batch_limit,work_us,callback_us,$(threads/callseq header)"
}

# sample FILE ROUND ROW PROGRAM BATCH WORK CALLBACK ARGUMENT...: adds what a program with threads
# measures; WORK and CALLBACK are microseconds, of so many $iterations each.
sample() {
  file=$1 round=$2 row=$3 program=$4 batch=$5 work=$6 callback=$7
  shift 7
  values=$(measure "threads/$program" "batch=${batch#default}" "work=$((work * iterations))" \
    "callback=$((callback * iterations))" "$@")
  [ "$values" = - ] || echo "$round,$row,$batch,$work,$callback,$values" >>"$file"
}

# number NAME VALUE: ends the script if the value is not a whole number above 0.
number() {
  if ! [ "$2" -ge 1 ] 2>/dev/null; then
    echo "bench: $1 is '$2'; it must be a whole number, at least 1" >&2
    exit 2
  fi
}

cpu() {
  lscpu 2>/dev/null | sed -n 's/^Model name: *//p' | grep . || uname -m
}

# Where and when this is measured.
machine() {
  csc=${CSC:-csc}
  cc=$("$csc" -cc-name | tr -d "'") # csc prints it quoted for a shell
  cat <<END
date       $(date -u '+%Y-%m-%d %H:%M UTC')
cpu        $(cpu | head -n 1), $(getconf _NPROCESSORS_ONLN) online
kernel     $(uname -sr)
chicken    $("$csc" -release)
compiler   $("$cc" --version | head -n 1)
flags      $(cat flags)
END
}
