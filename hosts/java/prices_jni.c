/* Between Java and the rules. */
#include "rules.h"
#include <jni.h>
#include <math.h>

struct caller {
  JNIEnv *env;
  jclass class;
};

/* Scheme asks. An exception stays pending: price() returns to it. */
static double ask(char *thing, void *data) {
  struct caller *caller = data;
  JNIEnv *env = caller->env;
  jmethodID method = (*env)->GetStaticMethodID(env, caller->class, "ask", "(Ljava/lang/String;)D");
  jstring text = method ? (*env)->NewStringUTF(env, thing) : NULL;
  double price = text ? (*env)->CallStaticDoubleMethod(env, caller->class, method, text) : NAN;
  return (*env)->ExceptionCheck(env) ? NAN : price;
}

JNIEXPORT jint JNICALL Java_Prices_begin(JNIEnv *env, jclass class) {
  (void)env, (void)class;
  return rules_begin();
}

JNIEXPORT jdouble JNICALL Java_Prices_price(JNIEnv *env, jclass class, jstring thing, jint count) {
  struct caller caller = {env, class};
  double result = 0;
  const char *text = (*env)->GetStringUTFChars(env, thing, NULL);
  if (!text)
    return 0;
  int status = rules_price((char *)text, count, ask, &caller, &result);
  (*env)->ReleaseStringUTFChars(env, thing, text);
  if (status != 0 && !(*env)->ExceptionCheck(env))
    (*env)->ThrowNew(env, (*env)->FindClass(env, "java/lang/IllegalArgumentException"),
                     rules_error());
  return result;
}
