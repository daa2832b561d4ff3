/* Row python: each thread gets a thread state from PyGILState_Ensure once and keeps it. Round each
 * call it takes the interpreter lock with that state, and gives it back. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "row.h"

const char row_version[] = "CPython " PY_VERSION;

static PyObject *function;
static _Thread_local PyThreadState *kept;

void row_start(void) {
  Py_InitializeEx(0); /* without handlers for signals */
  PyObject *names = PyDict_New();
  if (!names || !PyRun_String("def foo(x): return x + 100", Py_file_input, names, names) ||
      !(function = PyDict_GetItemString(names, "foo")))
    row_fail("cannot define the Python function");
  PyEval_SaveThread();
}

void row_thread(void (*body)(void *), void *argument) {
  PyGILState_STATE before = PyGILState_Ensure();
  kept = PyEval_SaveThread();
  body(argument);
  PyEval_RestoreThread(kept);
  PyGILState_Release(before);
}

int row_call(int x) {
  PyEval_RestoreThread(kept);
  PyObject *argument = PyLong_FromLong(x);
  PyObject *value = argument ? PyObject_CallOneArg(function, argument) : NULL;
  if (!value)
    row_fail("the Python function raised an exception");
  long result = PyLong_AsLong(value);
  Py_DECREF(argument);
  Py_DECREF(value);
  kept = PyEval_SaveThread();
  return result;
}
