# What the reference shows, put together by shown.scm and shown_host.c; and its recipes, as far as setting
# up: tests/builders.t builds by such.
ok 'what the reference shows is compiled' \
  $CSC -C -Wno-unused-function -e shown.scm shown_host.c -o shown -link callseq,callseq-eval
ok 'and does what the reference says' ./shown

cp "$work/README/app.scm" "$work/README/main.c" .
if command -v cmake >/dev/null; then
  ok 'its CMake project is set up' env CMAKE_PREFIX_PATH="$STAGE" cmake -S . -B cmake
else
  skip 'its CMake project' 'cmake is not installed'
fi
if command -v meson >/dev/null && command -v pkg-config >/dev/null; then
  ok 'its Meson project is set up' env PKG_CONFIG_PATH="$STAGE/lib/pkgconfig" meson setup meson .
else
  skip 'its Meson project' 'meson or pkg-config is not installed'
fi
