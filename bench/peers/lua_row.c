/* Rows luajit and lua: one lua_State, which one thread at a time may use, so a mutex is held round
 * each call. The function is kept in the registry. */
#include "row.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <pthread.h>

#ifdef LUAJIT
#include <luajit.h>
const char row_version[] = LUAJIT_VERSION;
#else
const char row_version[] = LUA_RELEASE;
#endif

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static lua_State *state;
static int function;

void row_start(void) {
  state = luaL_newstate();
  if (!state)
    row_fail("cannot make a Lua state");
  luaL_openlibs(state);
  if (luaL_dostring(state, "return function(x) return x + 100 end") != 0)
    row_fail(lua_tostring(state, -1));
  function = luaL_ref(state, LUA_REGISTRYINDEX);
}

void row_thread(void (*body)(void *), void *argument) { body(argument); }

int row_call(int x) {
  pthread_mutex_lock(&mutex);
  lua_rawgeti(state, LUA_REGISTRYINDEX, function);
  lua_pushinteger(state, x);
  if (lua_pcall(state, 1, 1, 0) != 0)
    row_fail(lua_tostring(state, -1));
  int result = lua_tointeger(state, -1);
  lua_pop(state, 1);
  pthread_mutex_unlock(&mutex);
  return result;
}
