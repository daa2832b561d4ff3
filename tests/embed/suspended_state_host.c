/* What a callback that waits has bound, winds, handles and captures is its own; what is set is
 * everybody's. */
#include "../callers.h"

int keep(int), enter(int), enter_own(int), enter_in_thread(int), next_value(void), wind(int, int),
    winds(void), wait_in_winder(int, int), get(void), bound(int, int), bound_and_set(int, int),
    set_and_wait(int, int), fluids(void), escape_bound(int, int), fail_bound(int, int),
    bound_in_thread(int, int), handle_own(int, int), output_is_common(void), own_thread(int);
void put(int);
char *print_to_string(int, int);

CALLER(call_keep, keep(c->gate))
CALLER(call_enter, enter(c->gate))
CALLER(call_wind, wind(c->gate, c->n))
CALLER(call_wait_in_winder, wait_in_winder(c->gate, c->n))
CALLER(call_bound, bound(c->gate, c->n))
CALLER(call_bound_and_set, bound_and_set(c->gate, c->n))
CALLER(call_escape_bound, escape_bound(c->gate, c->n))
CALLER(call_fail_bound, fail_bound(c->gate, c->n))
CALLER(call_bound_in_thread, bound_in_thread(c->gate, c->n))
CALLER(call_handle, handle_own(c->gate, c->n))
CALLER(call_set_and_wait, set_and_wait(c->gate, c->n))
CALLER(call_own_thread, own_thread(c->gate))

static void call_print(struct caller *c) {
  const char *text = print_to_string(c->gate, c->n);
  snprintf(c->text, sizeof c->text, "%s", text ? text : "(NULL)");
}

/* ---- Continuations ---- */

static void enter_others(void) {
  struct caller kept = {0}, other = {0};
  suspend(&kept, call_keep, 0, 0);
  open_gate(1);
  is_int(enter(1), 0, "the continuation of a suspended call, entered by another");
  failed("enter", "captured in another call");
  shut_gate(1);
  suspend(&other, call_enter, 1, 0);
  open_gate(1);
  finish(&other);
  fails(&other, "captured in another call", "one that is entered after a wait");
  is_int(enter_in_thread(3), 3, "one that is entered by a green thread");
  open_gate(0);
  finish(&kept);
  is_int(kept.result, 5, "the suspended call has its own result: %s", kept.text);
  is_int(enter(1), 0, "the continuation of a call that has ended");
  failed("enter", "captured in another call");
  memset(&other, 0, sizeof other);
  shut_gate(1);
  suspend(&other, call_enter, 1, 0);
  open_gate(1);
  finish(&other);
  fails(&other, "captured in another call", "one of an ended call, entered after a wait");
  is_int(enter_own(1), 3, "a continuation of the call itself");
  int right = 0;
  for (int i = 1; i <= 20; i++)
    right += next_value() == i;
  is_int(right, 20, "a generator that waits goes from call to call");
  is_int(wrong_sums(100), 0, "calls go on");
  shut_gates();
}

/* ---- Its own ---- */

static void keep_winders(void) {
  struct caller a = {0}, b = {0}, c = {0};
  suspend(&a, call_wind, 0, 7);
  suspend(&b, call_wind, 1, -7);
  is_int(winds(), 200, "winders are not run when their calls are suspended");
  open_gate(1);
  finish(&b);
  is_int(winds(), 201, "those of a call that fails are");
  fails(&b, "inside: -7", "it");
  open_gate(0);
  finish(&a);
  is_int(winds(), 202, "and those of a call that ends");
  is_int(a.result, 7, "with its result");
  shut_gates();
  suspend(&c, call_wait_in_winder, 0, 9);
  is_int(wrong_sums(100), 0, "others call while one waits in a winder");
  open_gate(0);
  finish(&c);
  is_int(c.result, 9, "which leaves by an escape");
  is_int(winds(), 203, "through the winder");
  shut_gates();
}

static void keep_bindings(void) {
  struct caller a = {0}, b = {0}, c = {0}, d = {0};
  suspend(&a, call_bound, 0, 1);
  is_int(get(), 0, "what a suspended call has bound is its own");
  is_int(fluids(), 2, "also by fluid-let, and with a converter");
  suspend(&b, call_bound, 1, 2);
  suspend(&c, call_bound_and_set, 0, 3);
  is_int(get(), 0, "set inside of that, too");
  suspend(&d, call_set_and_wait, 1, 4);
  is_int(get(), 4, "what it has set is everybody's");
  put(5);
  open_gate(0);
  finish(&a);
  finish(&c);
  is_int(a.result, 1, "bound values are there again after a wait");
  is_int(c.result, 3, "and values set inside");
  is_int(get(), 5, "no older value comes back");
  put(6);
  open_gate(1);
  finish(&b);
  finish(&d);
  is_int(b.result, 2, "the other one has its own");
  is_int(d.result, 6, "and sees what others have set");
  is_int(get(), 6, "which stays");
  is_int(fluids(), 2, "and so do variables");
  put(0);
  shut_gates();
}

static void leave_bindings(void) {
  struct caller a = {0}, b = {0}, c = {0}, d = {0}, e = {0};
  suspend(&a, call_escape_bound, 0, 1);
  suspend(&b, call_fail_bound, 1, 2);
  suspend(&c, call_bound, 0, 3);
  suspend(&d, call_handle, 1, 4);
  suspend(&e, call_handle, 0, 5);
  put(9);
  open_gate(1);
  finish(&b);
  finish(&d);
  is_int(get(), 9, "a failure leaves what is bound");
  open_gate(0);
  finish(&a);
  finish(&c);
  finish(&e);
  is_int(get(), 9, "an escape too");
  fails(&b, "bound: 2", "it");
  is_int(a.result, 1, "the result of the escape");
  is_int(c.result, 3, "of one that returns");
  is_int(d.result, 1004, "each handles its own exceptions");
  is_int(e.result, 1005, "with its own handler");
  put(0);
  shut_gates();
}

/* Threads that are not callbacks have what they bind for themselves. */
static void bind_in_threads(void) {
  struct caller a = {0}, b = {0};
  suspend(&a, call_bound_in_thread, 0, 1);
  is_int(get(), 0, "what a green thread of a callback has bound is its own");
  suspend(&b, call_bound_in_thread, 1, 2);
  put(5);
  open_gate(1);
  finish(&b);
  open_gate(0);
  finish(&a);
  is_int(a.result, 1, "it has it after a wait");
  is_int(b.result, 2, "and so has another");
  is_int(get(), 5, "what is set stays");
  put(0);
  shut_gates();
}

static void keep_ports(void) {
  struct caller a = {0}, b = {0}, t = {0};
  suspend(&a, call_print, 0, 11);
  suspend(&b, call_print, 1, 22);
  suspend(&t, call_own_thread, 0, 0);
  ok(output_is_common(), "the current port of a suspended call is its own");
  open_gate(1);
  finish(&b);
  open_gate(0);
  finish(&a);
  finish(&t);
  is_str(a.text, "11/11", "it prints on its own port after a wait");
  is_str(b.text, "22/22", "the other one too");
  is_int(t.result, 1, "the green thread stays the same");
  ok(output_is_common(), "the port stays");
  shut_gates();
}

int main(void) {
  start_quietly();
  enter_others();
  keep_winders();
  keep_bindings();
  leave_bindings();
  bind_in_threads();
  keep_ports();
  is_int(wrong_sums(10000), 0, "calls go on");
  return done();
}
