/* The procedures of callseq.scm that C goes on with. C reads this as an enumeration; callseq.scm,
 * which provides them, line by line (loading.scm). A procedure that takes a serial and a value is
 * run by returning it from a reply function; see abi.h. */
PROCEDURE(begin_loop)   /* (): the resident loop, begun by CHICKEN_continue */
PROCEDURE(strayed)      /* (): a callback called return-to-host */
PROCEDURE(run_level)    /* (): executes one nested call, begun by C_callback */
PROCEDURE(end_level)    /* (serial value): returns from it */
PROCEDURE(misdelivered) /* (serial value): not the current request's value */
PROCEDURE(misplaced)    /* (serial value): in a green thread that has no call */
PROCEDURE(bad_result)   /* (serial value): not of the result's type */
PROCEDURE(real_result)  /* (serial value): for double, neither fixnum nor flonum */
PROCEDURE(refused)      /* (serial request): answers that the runtime is closed */
PROCEDURE(new_lap)      /* (serial request): collects, and goes on with the request */
