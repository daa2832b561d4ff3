#!/bin/sh
# A Java virtual machine as the host: Scheme calls Java back from a blocking C function, which runs on the
# thread's own stack. On the Scheme stack the machine's checks would see the wrong one.
. "$TESTS/tap.sh"

javac=$(command -v javac || true)
home=${javac:+$(dirname "$(dirname "$(readlink -f "$javac")")")}
if [ -z "$javac" ] || ! command -v java >/dev/null || [ ! -f "$home/include/jni.h" ]; then
  skip 'calls from Java to Scheme and back' 'no Java with javac and jni.h is installed'
  finish
  exit
fi
system=$(uname -s | tr 'A-Z' 'a-z')

cat >app.scm <<'END'
(import (chicken platform) (chicken foreign) (chicken gc) callseq)
(foreign-declare "int up_call(void *call, int n); int recurse(void *call, int n);")
(define up-call (foreign-blocking-lambda int "up_call" c-pointer int))
(define recurse (foreign-blocking-lambda int "recurse" c-pointer int))
(define served 0)
(define-sequenced-callback (ask (c-pointer call) (int n)) int
  (let ((answer (up-call call n)))
    (set! served (+ served 1))
    (when (zero? (modulo served 100)) (gc #f))
    (+ answer 1)))
(define-sequenced-callback (go_deep (c-pointer call) (int n)) int (recurse call n))
(define-sequenced-callback (served_so_far) int served)
(return-to-host)
END

cat >bridge.c <<'END'
#include <callseq.h>
#include <jni.h>
int ask(void *call, int n), go_deep(void *call, int n), served_so_far(void);
struct call {
  JNIEnv *env;
  jclass class;
};

static int call_java(struct call *call, const char *name, int n) {
  jmethodID method = (*call->env)->GetStaticMethodID(call->env, call->class, name, "(I)I");
  return method ? (*call->env)->CallStaticIntMethod(call->env, call->class, method, n) : -1000;
}
int up_call(void *call, int n) { return callseq_inside() ? -1000 : call_java(call, "answer", n); }
int recurse(void *call, int n) { return call_java(call, "recurse", n); }

JNIEXPORT jint JNICALL Java_Host_begin(JNIEnv *env, jclass class) {
  (void)env, (void)class;
  return callseq_init();
}
JNIEXPORT jint JNICALL Java_Host_ask(JNIEnv *env, jclass class, jint n) {
  struct call call = {env, class};
  return ask(&call, n);
}
JNIEXPORT jint JNICALL Java_Host_goDeep(JNIEnv *env, jclass class, jint n) {
  struct call call = {env, class};
  return go_deep(&call, n);
}
JNIEXPORT jint JNICALL Java_Host_served(JNIEnv *env, jclass class) {
  (void)env, (void)class;
  return served_so_far();
}
END

cat >Host.java <<'END'
public class Host {
  static native int begin();
  static native int ask(int n);
  static native int goDeep(int n);
  static native int served();

  /* Called by Scheme; now and then it calls Scheme again, and it makes garbage. */
  static int answer(int n) {
    String text = "";
    for (int i = 0; i < 20; i++) text += n;
    return text.length() < 20 ? -1 : n % 10 == 3 ? ask(n + 1) : 2 * n;
  }

  /* Until the stack is full: Java finds its end, and throws; the frames are the compiler's and the
   * interpreter's. */
  static int deepest;
  static int deeper(int n) { deepest = n; return deeper(n + 1) + 1; }
  static int recurse(int n) {
    try { return deeper(0); } catch (StackOverflowError error) { return deepest > n ? 1 : -1; }
  }

  public static void main(String[] arguments) throws Exception {
    System.load(arguments[0]);
    if (begin() != 0) throw new Error("callseq_init");
    Thread[] threads = new Thread[8];
    int[] wrong = new int[threads.length];
    for (int t = 0; t < threads.length; t++) {
      final int id = t;
      threads[t] = new Thread(() -> {
        for (int i = 0; i < 300; i++) {
          int expected = i % 10 == 3 ? 2 * (i + 1) + 2 : 2 * i + 1;
          if (ask(i) != expected) wrong[id]++;
          if (i % 100 == 50) System.gc();
        }
        if (goDeep(100) != 1) wrong[id]++;
        if (ask(1) != 3) wrong[id]++;
      });
      threads[t].start();
    }
    int sum = 0;
    for (int t = 0; t < threads.length; t++) { threads[t].join(); sum += wrong[t]; }
    System.out.println(sum + " wrong, " + served() + " served");
    System.out.flush();
    Runtime.getRuntime().halt(0); // Scheme's own end is another matter
  }
}
END

ok 'the Scheme side is compiled' $CSC -e -c -C -fPIC app.scm -o app.o
ok 'the bridge is compiled' $CC -fPIC -std=gnu11 -I"$STAGE/include" -I"$home/include" \
  -I"$home/include/$system" -c bridge.c -o bridge.o
ok 'both are linked to a library' $CSC -s app.o bridge.o -o bridge.so -link callseq
ok 'Java is compiled' javac Host.java
ok 'eight Java threads call Scheme, which calls Java' \
  java -Xss1m -Xmx128m -Xcheck:jni -cp . Host "$PWD/bridge.so"
says 'all answers are right' '0 wrong, 2648 served'
finish
