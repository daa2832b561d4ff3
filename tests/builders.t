#!/bin/sh
# Programs built by CMake and by Meson: CMake by the package's own function, and as pkg-config's
# recipe tells; Meson by the recipe. What the recipe says may come in any order, and has no path that
# is searched anyway.
. "$TESTS/tap.sh"

unset MAKEFLAGS MAKELEVEL MFLAGS CHICKEN_REPOSITORY_PATH CSC_OPTIONS
export PKG_CONFIG_PATH="$STAGE/lib/pkgconfig" CMAKE_PREFIX_PATH="$STAGE"

# project FOLDER: a host in C++ whose threads call, with a header that the Scheme file writes, a file
# that it includes, and warnings that its C would not bear.
project() {
  mkdir -p "$1/scheme"
  cat >"$1/scheme/calc.scm" <<'END'
(import (chicken platform) (chicken string) callseq)
(include "halves.scm")
(foreign-declare "#include \"limit.h\"")
(callseq-header "calc.h")
(define-sequenced-callback (half (int n)) int (halve n))
(define-sequenced-callback/status (ratio ((const c-string) text)) double
  (let ((parts (string-split text "/")))
    (/ (string->number (car parts)) (string->number (cadr parts)))))
(define-sequenced-callback (limit) int (foreign-value "LIMIT" int))
(return-to-host)
END
  sed -i 's/callseq)/(chicken foreign) callseq)/' "$1/scheme/calc.scm"
  echo '(define (halve n) (quotient n 2))' >"$1/scheme/halves.scm"
  echo '#define LIMIT 7' >"$1/scheme/limit.h"
  cat >"$1/main.cpp" <<'END'
#include "calc.h"
#include <callseq.h>
#include <future>
#include <iostream>
int main() {
  double x = 0;
  if (callseq_init() != CALLSEQ_OK)
    return 1;
  std::future<int> later = std::async(std::launch::async, [] { return half(84); });
  if (ratio("1/0", &x) != CALLSEQ_ERROR || ratio("1/4", &x) != CALLSEQ_OK)
    return 2;
  std::cout << later.get() << ' ' << x << ' ' << limit() << '\n';
}
END
}

runs() { # PROGRAM
  ok 'it runs' "$1"
  says 'with its results' '42 0.25 7'
}

generated() { # FOLDER GENERATOR
  cmake -S "$1" -B "$1/build" -G "$2" && cmake --build "$1/build"
}

if command -v cmake >/dev/null && command -v $CXX >/dev/null; then
  cmake_version=$(cmake --version | sed -n 's/^cmake version //p')

  project own
  cat >own/CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.20)
project(calc C CXX)
find_package(callseq 1.0 REQUIRED)
add_compile_options(-Wall -Wextra -Wshadow -Wconversion -Werror)
add_executable(calc main.cpp)
callseq_add_scheme(calc scheme/calc.scm OPTIONS -O3 -d0 DEPENDS scheme/halves.scm)
END
  ok "CMake $cmake_version: callseq_add_scheme" generated own 'Unix Makefiles'
  runs own/build/calc
  echo '(define (halve n) (+ 1 (quotient n 2)))' >own/scheme/halves.scm
  ok 'after a change of a file that the Scheme file includes' cmake --build own/build
  ok 'it runs' own/build/calc
  says 'with another result' '43 0.25 7'

  # Two Scheme files in a library of a project that knows no C; the program includes their header.
  project cxx
  sed -i '1i(declare (uses other))' cxx/scheme/calc.scm
  cat >cxx/scheme/other.scm <<'END'
(declare (unit other))
(import callseq)
(define-sequenced-callback (third (int n)) int (quotient n 3))
END
  sed -i -e '1iextern "C" int third(int);' -e 's/ << limit()/ << third(21)/' cxx/main.cpp
  cat >cxx/CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.20)
project(calc CXX)
find_package(callseq REQUIRED)
add_library(calc SHARED main.cpp)
callseq_add_scheme(calc scheme/calc.scm scheme/other.scm)
file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/empty.cpp "")
add_executable(program empty.cpp)
target_link_libraries(program PRIVATE calc)
END
  generator='Unix Makefiles'
  ! command -v ninja >/dev/null || generator=Ninja
  ok "two Scheme files in a shared library in C++, by $generator" generated cxx "$generator"
  runs cxx/build/program

  # A library of objects in another folder; the program includes the header that its Scheme file writes.
  project objects
  cat >objects/CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.20)
project(calc C CXX)
find_package(callseq REQUIRED)
add_subdirectory(scheme)
add_executable(calc main.cpp)
target_link_libraries(calc PRIVATE rules)
END
  printf '%s\n' 'add_library(rules OBJECT none.c)' 'callseq_add_scheme(rules calc.scm)' >objects/scheme/CMakeLists.txt
  : >objects/scheme/none.c
  ok 'Scheme in a library of objects' generated objects 'Unix Makefiles'
  runs objects/build/calc

  # A static library, of which the program calls nothing.
  project static
  cat >static/CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.20)
project(calc C)
find_package(callseq REQUIRED)
add_library(rules STATIC scheme/none.c)
callseq_add_scheme(rules scheme/says.scm)
add_executable(says says.c)
target_link_libraries(says PRIVATE rules)
END
  : >static/scheme/none.c
  echo '(import (chicken platform) callseq)(print "loaded")(return-to-host)' >static/scheme/says.scm
  echo 'int callseq_init(void); int main(void) { return callseq_init(); }' >static/says.c
  ok 'Scheme in a static library' generated static 'Unix Makefiles'
  ok 'it runs' static/build/says
  says 'with its Scheme code' loaded

  # Files of one name in two folders, one of which writes its header into a folder.
  project twins
  mkdir twins/a twins/b
  for folder in a b; do
    cat >twins/$folder/part.scm <<END
(declare (unit $folder))
(import callseq)
(callseq-header "$folder/part.h")
(define-sequenced-callback (part_$folder) c-string "$folder")
END
  done
  echo '(import (chicken platform) callseq)(declare (uses a b))(return-to-host)' >twins/main.scm
  cat >twins/twins.c <<'END'
#include "a/part.h"
#include "b/part.h"
#include <callseq.h>
#include <stdio.h>
int main(void) {
  callseq_init();
  return printf("%s", part_a()) < 0 || printf("%s\n", part_b()) < 0;
}
END
  cat >twins/CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.20)
project(twins C)
find_package(callseq REQUIRED)
add_executable(twins twins.c)
callseq_add_scheme(twins main.scm a/part.scm b/part.scm)
END
  ok 'two Scheme files of one name' generated twins 'Unix Makefiles'
  ok 'it runs' twins/build/twins
  says 'with both' ab

  # Warnings that a project may ask for by name.
  quiet() { # FOLDER LANGUAGE OPTION...
    folder=$1 language=$2
    shift 2
    project "$folder"
    cat >"$folder/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.20)
project(calc $language)
find_package(callseq REQUIRED)
add_compile_options($*)
add_library(calc STATIC)
set_target_properties(calc PROPERTIES LINKER_LANGUAGE $language)
callseq_add_scheme(calc scheme/calc.scm)
END
    ok "$language with $*" generated "$folder" 'Unix Makefiles'
    is 'has no warning' "$(grep -c warning: "$output")" 0
  }
  quiet quiet-c C -Wcast-qual -Wredundant-decls -Wmissing-prototypes -Wfloat-equal -Wwrite-strings -Wundef
  quiet quiet-cxx CXX -Wold-style-cast -Wcast-qual -Wredundant-decls

  # What a program did before there was that function.
  project recipe
  cat >recipe/CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.20)
project(calc C CXX)
find_package(PkgConfig REQUIRED)
pkg_check_modules(CALLSEQ REQUIRED IMPORTED_TARGET callseq)
pkg_get_variable(repository_path callseq repository_path)
pkg_get_variable(csc callseq csc)
add_custom_command(OUTPUT calc_scm.c calc.h
  COMMAND ${CMAKE_COMMAND} -E env CHICKEN_REPOSITORY_PATH=${repository_path} ${csc} -t -e
    -uses callseq -include-path ${CMAKE_CURRENT_SOURCE_DIR}/scheme
    ${CMAKE_CURRENT_SOURCE_DIR}/scheme/calc.scm -o calc_scm.c
  DEPENDS scheme/calc.scm)
add_executable(calc main.cpp calc_scm.c calc.h)
target_include_directories(calc PRIVATE ${CMAKE_CURRENT_BINARY_DIR} scheme)
target_link_libraries(calc PRIVATE PkgConfig::CALLSEQ)
END
  if command -v pkg-config >/dev/null; then
    ok "CMake with pkg-config's target" generated recipe 'Unix Makefiles'
    runs recipe/build/calc
  else
    skip "CMake with pkg-config's target" 'pkg-config is not installed'
  fi

  mkdir wrong
  wrongly() { # LINE
    printf 'cmake_minimum_required(VERSION 3.20)\nproject(wrong C)\nfind_package(callseq REQUIRED)
file(WRITE main.c "")\nadd_executable(app main.c)\n%s\n' "$1" >wrong/CMakeLists.txt
    cmake -S wrong -B wrong/build
  }
  fails 'a Scheme file that is not there' wrongly 'callseq_add_scheme(app none.scm)'
  says 'is named' 'there is no file' 'none.scm'
  fails 'a target that is not there' wrongly 'callseq_add_scheme(none app.scm)'
  says 'is named' 'there is no target none'
  fails 'no Scheme file' wrongly 'callseq_add_scheme(app)'
  says 'the form is told' 'callseq_add_scheme(TARGET FILE.scm...'
  fails 'another major version' wrongly 'find_package(callseq 2 REQUIRED)'
  says 'is not this one' 'version: 1.'
else
  skip 'CMake' "cmake or $CXX is not installed"
fi

if command -v meson >/dev/null && command -v pkg-config >/dev/null && command -v $CXX >/dev/null; then
  project meson
  # As doc/reference.md has it.
  cat >meson/meson.build <<'END'
project('calc', 'c', 'cpp')
callseq = dependency('callseq')
scheme = custom_target('scheme',
  input: 'scheme/calc.scm', output: ['calc.scm.c', 'calc.h'], depend_files: 'scheme/halves.scm',
  env: {'CHICKEN_REPOSITORY_PATH': callseq.get_variable('repository_path')},
  command: [callseq.get_variable('csc'), '-t', '-e', '-uses', 'callseq', '@INPUT@', '-o', '@OUTPUT0@',
    '-include-path', meson.current_source_dir() / 'scheme'])
executable('calc', 'main.cpp', scheme, dependencies: callseq, include_directories: 'scheme')
END
  ok 'Meson sets up' meson setup meson/build meson
  ok 'and builds' meson compile -C meson/build
  runs meson/build/calc
else
  skip 'Meson' 'meson, pkg-config or a C++ compiler is not installed'
fi
finish
