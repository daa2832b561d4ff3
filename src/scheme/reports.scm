;;; Reports of failures that no caller waits for.

;; Has on_error told of an error, on the library's thread and outside the runtime, and waits for that.
;; MESSAGE is a string, CHAIN what call-chain gives.
(define report
  (foreign-blocking-lambda* void ((c-string message) (c-string chain))
    "struct callseq_abi_request request = {.status = CALLSEQ_ERROR, .message = strdup(message),"
    "                                      .trace = chain ? strdup(chain) : NULL};"
    "callseq_abi_failed(&request, 0);"
    "callseq_clear_error();"))           ; which frees it: this thread makes no calls
