;;; What else the headers have that generated C includes, with GCC 12 and 14, Clang, glibc 2.36 and 2.41:
;;; types, macros, constants, functions beyond POSIX, and what compilers take for such a function unseen.
;;; A callback of such a name would not compile, or not be what is called by it.

(define names-in-headers
  '(ACCESSPERMS ADJ_ESTERROR ADJ_FREQUENCY ADJ_MAXERROR ADJ_MICRO ADJ_NANO ADJ_OFFSET
    ADJ_OFFSET_SINGLESHOT ADJ_OFFSET_SS_READ ADJ_SETOFFSET ADJ_STATUS ADJ_TAI ADJ_TICK
    ADJ_TIMECONST AIO_PRIO_DELTA_MAX ALLPERMS ATOMIC_BOOL_LOCK_FREE ATOMIC_CHAR16_T_LOCK_FREE
    ATOMIC_CHAR32_T_LOCK_FREE ATOMIC_CHAR_LOCK_FREE ATOMIC_FLAG_INIT ATOMIC_INT_LOCK_FREE
    ATOMIC_LLONG_LOCK_FREE ATOMIC_LONG_LOCK_FREE ATOMIC_POINTER_LOCK_FREE ATOMIC_SHORT_LOCK_FREE
    ATOMIC_VAR_INIT ATOMIC_WCHAR_T_LOCK_FREE BC_BASE_MAX BC_DIM_MAX BC_SCALE_MAX BC_STRING_MAX
    BIG_ENDIAN BOOL_MAX BOOL_WIDTH BUFSIZ BYTE_ORDER CHARCLASS_NAME_MAX CHAR_BIT CHAR_MAX
    CHAR_MIN CHAR_WIDTH CLOCKS_PER_SEC CLOCK_BOOTTIME CLOCK_BOOTTIME_ALARM CLOCK_MONOTONIC
    CLOCK_MONOTONIC_COARSE CLOCK_MONOTONIC_RAW CLOCK_PROCESS_CPUTIME_ID CLOCK_REALTIME
    CLOCK_REALTIME_ALARM CLOCK_REALTIME_COARSE CLOCK_TAI CLOCK_THREAD_CPUTIME_ID
    CLOSE_RANGE_CLOEXEC CLOSE_RANGE_UNSHARE COLL_WEIGHTS_MAX DEFFILEMODE DELAYTIMER_MAX E2BIG
    EACCES EADDRINUSE EADDRNOTAVAIL EADV EAFNOSUPPORT EAGAIN EALREADY EBADE EBADF EBADFD EBADMSG
    EBADR EBADRQC EBADSLT EBFONT EBUSY ECANCELED ECHILD ECHRNG ECOMM ECONNABORTED ECONNREFUSED
    ECONNRESET EDEADLK EDEADLOCK EDESTADDRREQ EDOM EDOTDOT EDQUOT EEXIST EFAULT EFBIG EHOSTDOWN
    EHOSTUNREACH EHWPOISON EIDRM EILSEQ EINPROGRESS EINTR EINVAL EIO EISCONN EISDIR EISNAM
    EKEYEXPIRED EKEYREJECTED EKEYREVOKED EL2HLT EL2NSYNC EL3HLT EL3RST ELIBACC ELIBBAD ELIBEXEC
    ELIBMAX ELIBSCN ELNRNG ELOOP EMEDIUMTYPE EMFILE EMLINK EMSGSIZE EMULTIHOP ENAMETOOLONG
    ENAVAIL ENETDOWN ENETRESET ENETUNREACH ENFILE ENOANO ENOBUFS ENOCSI ENODATA ENODEV ENOENT
    ENOEXEC ENOKEY ENOLCK ENOLINK ENOMEDIUM ENOMEM ENOMSG ENONET ENOPKG ENOPROTOOPT ENOSPC ENOSR
    ENOSTR ENOSYS ENOTBLK ENOTCONN ENOTDIR ENOTEMPTY ENOTNAM ENOTRECOVERABLE ENOTSOCK ENOTSUP
    ENOTTY ENOTUNIQ ENXIO EOF EOPNOTSUPP EOVERFLOW EOWNERDEAD EPERM EPFNOSUPPORT EPIPE EPROTO
    EPROTONOSUPPORT EPROTOTYPE ERANGE EREMCHG EREMOTE EREMOTEIO ERESTART ERFKILL EROFS ESHUTDOWN
    ESOCKTNOSUPPORT ESPIPE ESRCH ESRMNT ESTALE ESTRPIPE ETIME ETIMEDOUT ETOOMANYREFS ETXTBSY
    EUCLEAN EUNATCH EUSERS EWOULDBLOCK EXDEV EXFULL EXIT_FAILURE EXIT_SUCCESS EXPR_NEST_MAX
    FD_CLR FD_ISSET FD_SET FD_SETSIZE FD_ZERO FILE FILENAME_MAX FOPEN_MAX FP_ILOGB0 FP_ILOGBNAN
    FP_INFINITE FP_INT_DOWNWARD FP_INT_TONEAREST FP_INT_TONEARESTFROMZERO FP_INT_TOWARDZERO
    FP_INT_UPWARD FP_LLOGB0 FP_LLOGBNAN FP_NAN FP_NORMAL FP_SUBNORMAL FP_ZERO F_LOCK F_OK F_TEST
    F_TLOCK F_ULOCK HOST_NAME_MAX HUGE_VAL HUGE_VALF HUGE_VALL HUGE_VAL_F128 HUGE_VAL_F32
    HUGE_VAL_F32X HUGE_VAL_F64 HUGE_VAL_F64X INFINITY INT16_C INT16_MAX INT16_MIN INT16_WIDTH
    INT32_C INT32_MAX INT32_MIN INT32_WIDTH INT64_C INT64_MAX INT64_MIN INT64_WIDTH INT8_C
    INT8_MAX INT8_MIN INT8_WIDTH INTMAX_C INTMAX_MAX INTMAX_MIN INTMAX_WIDTH INTPTR_MAX
    INTPTR_MIN INTPTR_WIDTH INT_FAST16_MAX INT_FAST16_MIN INT_FAST16_WIDTH INT_FAST32_MAX
    INT_FAST32_MIN INT_FAST32_WIDTH INT_FAST64_MAX INT_FAST64_MIN INT_FAST64_WIDTH INT_FAST8_MAX
    INT_FAST8_MIN INT_FAST8_WIDTH INT_LEAST16_MAX INT_LEAST16_MIN INT_LEAST16_WIDTH
    INT_LEAST32_MAX INT_LEAST32_MIN INT_LEAST32_WIDTH INT_LEAST64_MAX INT_LEAST64_MIN
    INT_LEAST64_WIDTH INT_LEAST8_MAX INT_LEAST8_MIN INT_LEAST8_WIDTH INT_MAX INT_MIN INT_WIDTH
    IOV_MAX LINE_MAX LITTLE_ENDIAN LLONG_MAX LLONG_MIN LLONG_WIDTH LOGIN_NAME_MAX LONG_BIT
    LONG_LONG_MAX LONG_LONG_MIN LONG_MAX LONG_MIN LONG_WIDTH L_INCR L_SET L_XTND L_ctermid
    L_cuserid L_tmpnam MATH_ERREXCEPT MATH_ERRNO MAXFLOAT MAX_CANON MAX_INPUT MB_CUR_MAX
    MB_LEN_MAX MOD_CLKA MOD_CLKB MOD_ESTERROR MOD_FREQUENCY MOD_MAXERROR MOD_MICRO MOD_NANO
    MOD_OFFSET MOD_STATUS MOD_TAI MOD_TIMECONST MQ_PRIO_MAX M_1_PI M_1_PIf M_1_PIf128 M_1_PIf32
    M_1_PIf32x M_1_PIf64 M_1_PIf64x M_1_PIl M_2_PI M_2_PIf M_2_PIf128 M_2_PIf32 M_2_PIf32x
    M_2_PIf64 M_2_PIf64x M_2_PIl M_2_SQRTPI M_2_SQRTPIf M_2_SQRTPIf128 M_2_SQRTPIf32
    M_2_SQRTPIf32x M_2_SQRTPIf64 M_2_SQRTPIf64x M_2_SQRTPIl M_E M_Ef M_Ef128 M_Ef32 M_Ef32x
    M_Ef64 M_Ef64x M_El M_LN10 M_LN10f M_LN10f128 M_LN10f32 M_LN10f32x M_LN10f64 M_LN10f64x
    M_LN10l M_LN2 M_LN2f M_LN2f128 M_LN2f32 M_LN2f32x M_LN2f64 M_LN2f64x M_LN2l M_LOG10E
    M_LOG10Ef M_LOG10Ef128 M_LOG10Ef32 M_LOG10Ef32x M_LOG10Ef64 M_LOG10Ef64x M_LOG10El M_LOG2E
    M_LOG2Ef M_LOG2Ef128 M_LOG2Ef32 M_LOG2Ef32x M_LOG2Ef64 M_LOG2Ef64x M_LOG2El M_PI M_PI_2
    M_PI_2f M_PI_2f128 M_PI_2f32 M_PI_2f32x M_PI_2f64 M_PI_2f64x M_PI_2l M_PI_4 M_PI_4f
    M_PI_4f128 M_PI_4f32 M_PI_4f32x M_PI_4f64 M_PI_4f64x M_PI_4l M_PIf M_PIf128 M_PIf32 M_PIf32x
    M_PIf64 M_PIf64x M_PIl M_SQRT1_2 M_SQRT1_2f M_SQRT1_2f128 M_SQRT1_2f32 M_SQRT1_2f32x
    M_SQRT1_2f64 M_SQRT1_2f64x M_SQRT1_2l M_SQRT2 M_SQRT2f M_SQRT2f128 M_SQRT2f32 M_SQRT2f32x
    M_SQRT2f64 M_SQRT2f64x M_SQRT2l NAME_MAX NAN NFDBITS NGROUPS_MAX NL_ARGMAX NL_LANGMAX
    NL_MSGMAX NL_NMAX NL_SETMAX NL_TEXTMAX NZERO PATH_MAX PDP_ENDIAN PIPE_BUF PRIB16 PRIB32
    PRIB64 PRIB8 PRIBFAST16 PRIBFAST32 PRIBFAST64 PRIBFAST8 PRIBLEAST16 PRIBLEAST32 PRIBLEAST64
    PRIBLEAST8 PRIBMAX PRIBPTR PRIX16 PRIX32 PRIX64 PRIX8 PRIXFAST16 PRIXFAST32 PRIXFAST64
    PRIXFAST8 PRIXLEAST16 PRIXLEAST32 PRIXLEAST64 PRIXLEAST8 PRIXMAX PRIXPTR
    PTHREAD_DESTRUCTOR_ITERATIONS PTHREAD_KEYS_MAX PTHREAD_STACK_MIN PTRDIFF_MAX PTRDIFF_MIN
    PTRDIFF_WIDTH P_tmpdir RAND_MAX RENAME_EXCHANGE RENAME_NOREPLACE RENAME_WHITEOUT RE_DUP_MAX
    RTSIG_MAX R_OK SCHAR_MAX SCHAR_MIN SCHAR_WIDTH SEEK_CUR SEEK_DATA SEEK_END SEEK_HOLE
    SEEK_SET SEM_VALUE_MAX SHRT_MAX SHRT_MIN SHRT_WIDTH SIG_ATOMIC_MAX SIG_ATOMIC_MIN
    SIG_ATOMIC_WIDTH SIZE_MAX SIZE_WIDTH SNAN SNANF SNANF128 SNANF32 SNANF32X SNANF64 SNANF64X
    SNANL SSIZE_MAX STATX_ALL STATX_ATIME STATX_ATTR_APPEND STATX_ATTR_AUTOMOUNT
    STATX_ATTR_COMPRESSED STATX_ATTR_DAX STATX_ATTR_ENCRYPTED STATX_ATTR_IMMUTABLE
    STATX_ATTR_MOUNT_ROOT STATX_ATTR_NODUMP STATX_ATTR_VERITY STATX_ATTR_WRITE_ATOMIC
    STATX_BASIC_STATS STATX_BLOCKS STATX_BTIME STATX_CTIME STATX_DIOALIGN STATX_GID STATX_INO
    STATX_MNT_ID STATX_MNT_ID_UNIQUE STATX_MODE STATX_MTIME STATX_NLINK STATX_SIZE STATX_SUBVOL
    STATX_TYPE STATX_UID STATX_WRITE_ATOMIC STATX__RESERVED STA_CLK STA_CLOCKERR STA_DEL STA_FLL
    STA_FREQHOLD STA_INS STA_MODE STA_NANO STA_PLL STA_PPSERROR STA_PPSFREQ STA_PPSJITTER
    STA_PPSSIGNAL STA_PPSTIME STA_PPSWANDER STA_RONLY STA_UNSYNC STDERR_FILENO STDIN_FILENO
    STDOUT_FILENO S_BLKSIZE S_IEXEC S_IFBLK S_IFCHR S_IFDIR S_IFIFO S_IFLNK S_IFMT S_IFREG
    S_IFSOCK S_IREAD S_IRGRP S_IROTH S_IRUSR S_IRWXG S_IRWXO S_IRWXU S_ISBLK S_ISCHR S_ISDIR
    S_ISFIFO S_ISGID S_ISLNK S_ISREG S_ISSOCK S_ISUID S_ISVTX S_IWGRP S_IWOTH S_IWRITE S_IWUSR
    S_IXGRP S_IXOTH S_IXUSR S_TYPEISMQ S_TYPEISSEM S_TYPEISSHM TEMP_FAILURE_RETRY TIMER_ABSTIME
    TIME_UTC TMP_MAX TTY_NAME_MAX UCHAR_MAX UCHAR_WIDTH UINT16_C UINT16_MAX UINT16_WIDTH
    UINT32_C UINT32_MAX UINT32_WIDTH UINT64_C UINT64_MAX UINT64_WIDTH UINT8_C UINT8_MAX
    UINT8_WIDTH UINTMAX_C UINTMAX_MAX UINTMAX_WIDTH UINTPTR_MAX UINTPTR_WIDTH UINT_FAST16_MAX
    UINT_FAST16_WIDTH UINT_FAST32_MAX UINT_FAST32_WIDTH UINT_FAST64_MAX UINT_FAST64_WIDTH
    UINT_FAST8_MAX UINT_FAST8_WIDTH UINT_LEAST16_MAX UINT_LEAST16_WIDTH UINT_LEAST32_MAX
    UINT_LEAST32_WIDTH UINT_LEAST64_MAX UINT_LEAST64_WIDTH UINT_LEAST8_MAX UINT_LEAST8_WIDTH
    UINT_MAX UINT_WIDTH ULLONG_MAX ULLONG_WIDTH ULONG_LONG_MAX ULONG_MAX ULONG_WIDTH USHRT_MAX
    USHRT_WIDTH UTIME_NOW UTIME_OMIT WCHAR_MAX WCHAR_MIN WCHAR_WIDTH WCONTINUED WEXITED
    WEXITSTATUS WIFCONTINUED WIFEXITED WIFSIGNALED WIFSTOPPED WINT_MAX WINT_MIN WINT_WIDTH
    WNOHANG WNOWAIT WORD_BIT WSTOPPED WSTOPSIG WTERMSIG WUNTRACED W_OK XATTR_LIST_MAX
    XATTR_NAME_MAX XATTR_SIZE_MAX X_OK acct acosf128 acosf32 acosf32x acosf64 acosf64x acoshf128
    acoshf32 acoshf32x acoshf64 acoshf64x alloca arc4random arc4random_buf arc4random_uniform
    asinf128 asinf32 asinf32x asinf64 asinf64x asinhf128 asinhf32 asinhf32x asinhf64 asinhf64x
    asprintf at_quick_exit atan2f128 atan2f32 atan2f32x atan2f64 atan2f64x atanf128 atanf32
    atanf32x atanf64 atanf64x atanhf128 atanhf32 atanhf32x atanhf64 atanhf64x atexit atomic_bool
    atomic_char atomic_char16_t atomic_char32_t atomic_compare_exchange_strong
    atomic_compare_exchange_strong_explicit atomic_compare_exchange_weak
    atomic_compare_exchange_weak_explicit atomic_exchange atomic_exchange_explicit
    atomic_fetch_add atomic_fetch_add_explicit atomic_fetch_and atomic_fetch_and_explicit
    atomic_fetch_or atomic_fetch_or_explicit atomic_fetch_sub atomic_fetch_sub_explicit
    atomic_fetch_xor atomic_fetch_xor_explicit atomic_flag atomic_flag_clear
    atomic_flag_clear_explicit atomic_flag_test_and_set atomic_flag_test_and_set_explicit
    atomic_init atomic_int atomic_int_fast16_t atomic_int_fast32_t atomic_int_fast64_t
    atomic_int_fast8_t atomic_int_least16_t atomic_int_least32_t atomic_int_least64_t
    atomic_int_least8_t atomic_intmax_t atomic_intptr_t atomic_is_lock_free atomic_llong
    atomic_load atomic_load_explicit atomic_long atomic_ptrdiff_t atomic_schar atomic_short
    atomic_signal_fence atomic_size_t atomic_store atomic_store_explicit atomic_thread_fence
    atomic_uchar atomic_uint atomic_uint_fast16_t atomic_uint_fast32_t atomic_uint_fast64_t
    atomic_uint_fast8_t atomic_uint_least16_t atomic_uint_least32_t atomic_uint_least64_t
    atomic_uint_least8_t atomic_uintmax_t atomic_uintptr_t atomic_ullong atomic_ulong
    atomic_ushort atomic_wchar_t basic_eqvp bcmp bcopy be16toh be32toh be64toh blkcnt64_t
    blkcnt_t blksize_t brk bzero caddr_t cbrtf128 cbrtf32 cbrtf32x cbrtf64 cbrtf64x ceilf128
    ceilf16 ceilf32 ceilf32x ceilf64 ceilf64x clearenv clearerr_unlocked clock_t clockid_t
    clog10 clog10f clog10l closefrom comparison_fn_t cookie_close_function_t
    cookie_io_functions_t cookie_read_function_t cookie_seek_function_t cookie_write_function_t
    copysignf128 copysignf16 copysignf32 copysignf32x copysignf64 copysignf64x cosf128 cosf32
    cosf32x cosf64 cosf64x coshf128 coshf32 coshf32x coshf64 coshf64x crypt daddr_t daemon
    dcgettext dev_t dgettext div_t double_t drand48_r drem dremf dreml dysize ecvt ecvt_r
    endusershell erand48_r erfcf128 erfcf32 erfcf32x erfcf64 erfcf64x erff128 erff32 erff32x
    erff64 erff64x error_t exp10 exp10f exp10l exp2f128 exp2f32 exp2f32x exp2f64 exp2f64x
    expf128 expf32 expf32x expf64 expf64x explicit_bzero expm1f128 expm1f32 expm1f32x expm1f64
    expm1f64x fabsd128 fabsd32 fabsd64 fabsf128 fabsf16 fabsf32 fabsf32x fabsf64 fabsf64x fcvt
    fcvt_r fd_mask fd_set fdimf128 fdimf32 fdimf32x fdimf64 fdimf64x feof_unlocked
    ferror_unlocked fflush_unlocked ffsimax ffsl ffsll fgetc_unlocked fileno_unlocked finite
    finited128 finited32 finited64 finitef finitel float_t floorf128 floorf16 floorf32 floorf32x
    floorf64 floorf64x fmaf128 fmaf16 fmaf32 fmaf32x fmaf64 fmaf64x fmaxf128 fmaxf16 fmaxf32
    fmaxf32x fmaxf64 fmaxf64x fminf128 fminf16 fminf32 fminf32x fminf64 fminf64x fmodf128
    fmodf32 fmodf32x fmodf64 fmodf64x fopencookie fpclassify fpos64_t fpos_t fprintf_unlocked
    fputc_unlocked fputs_unlocked fread_unlocked frexpf128 frexpf32 frexpf32x frexpf64 frexpf64x
    fsblkcnt64_t fsblkcnt_t fsfilcnt64_t fsfilcnt_t fsid_t fwrite_unlocked gamma gamma_r gammaf
    gammaf_r gammal gammal_r gcvt getdomainname getdtablesize getloadavg getpagesize getpass
    gettext getusershell getw getwd gid_t htobe16 htobe32 htobe64 htole16 htole32 htole64
    hypotf128 hypotf32 hypotf32x hypotf64 hypotf64x id_t ilogbf128 ilogbf32 ilogbf32x ilogbf64
    ilogbf64x imaxdiv_t index initstate_r ino64_t ino_t int16_t int32_t int64_t int8_t
    int_fast16_t int_fast32_t int_fast64_t int_fast8_t int_least16_t int_least32_t int_least64_t
    int_least8_t intmax_t intptr_t isascii_l isfinite isinf isinfd128 isinfd32 isinfd64 isinff
    isinfl isnan isnand128 isnand32 isnand64 isnanf isnanl isnormal issubnormal j0f j0l j1f j1l
    jmp_buf jnf jnl jrand48_r key_t kill_dependency lchmod lcong48_r ldexpf128 ldexpf32
    ldexpf32x ldexpf64 ldexpf64x ldiv_t le16toh le32toh le64toh lgamma_r lgammaf128 lgammaf32
    lgammaf32x lgammaf64 lgammaf64x lgammaf_r lgammal_r lldiv_t llrintf128 llrintf32 llrintf32x
    llrintf64 llrintf64x llroundf128 llroundf32 llroundf32x llroundf64 llroundf64x locale_t
    loff_t log10f128 log10f32 log10f32x log10f64 log10f64x log1pf128 log1pf32 log1pf32x log1pf64
    log1pf64x log2f128 log2f32 log2f32x log2f64 log2f64x logbf128 logbf32 logbf32x logbf64
    logbf64x logf128 logf32 logf32x logf64 logf64x lrand48_r lrintf128 lrintf32 lrintf32x
    lrintf64 lrintf64x lroundf128 lroundf32 lroundf32x lroundf64 lroundf64x max_align_t memmem
    memory_order memory_order_acq_rel memory_order_acquire memory_order_consume
    memory_order_relaxed memory_order_release memory_order_seq_cst mempcpy mkstemps mktemp
    mode_t modff128 modff32 modff32x modff64 modff64x mrand48_r nand128 nand32 nand64 nanf128
    nanf16 nanf32 nanf32x nanf64 nanf64x nearbyintf128 nearbyintf16 nearbyintf32 nearbyintf32x
    nearbyintf64 nearbyintf64x nextafterf128 nextafterf32 nextafterf32x nextafterf64
    nextafterf64x nlink_t nrand48_r nullptr_t off64_t off_t offsetof on_exit pid_t pow10 pow10f
    pow10l powf128 powf32 powf32x powf64 powf64x printf_unlocked profil program_invocation_name
    program_invocation_short_name pthread_attr_t pthread_barrier_t pthread_barrierattr_t
    pthread_cond_t pthread_condattr_t pthread_key_t pthread_mutex_t pthread_mutexattr_t
    pthread_once_t pthread_rwlock_t pthread_rwlockattr_t pthread_spinlock_t pthread_t ptrdiff_t
    ptsname_r puts_unlocked putw qecvt qecvt_r qfcvt qfcvt_r qgcvt quad_t random_r register_t
    remainderf128 remainderf32 remainderf32x remainderf64 remainderf64x remquof128 remquof32
    remquof32x remquof64 remquof64x revoke rindex rintf128 rintf16 rintf32 rintf32x rintf64
    rintf64x roundeven roundevenf roundevenf128 roundevenf16 roundevenf32 roundevenf32x
    roundevenf64 roundevenf64x roundevenl roundf128 roundf16 roundf32 roundf32x roundf64
    roundf64x rpmatch sbrk scalb scalbf scalbl scalblnf128 scalblnf32 scalblnf32x scalblnf64
    scalblnf64x scalbnf128 scalbnf32 scalbnf32x scalbnf64 scalbnf64x seed48_r setbuffer
    setdomainname sethostid sethostname setlinebuf setlogin setstate_r setusershell sigjmp_buf
    signbit signbitd128 signbitd32 signbitd64 signbitf signbitl significand significandf
    significandl sigset_t sigsetjmp sincos sincosf sincosl sinf128 sinf32 sinf32x sinf64 sinf64x
    sinhf128 sinhf32 sinhf32x sinhf64 sinhf64x size_t socklen_t sqrtf128 sqrtf16 sqrtf32
    sqrtf32x sqrtf64 sqrtf64x srand48_r srandom_r ssize_t std strcasestr strchrnul strdupa
    strlcat strlcpy strndupa strsep strtoq strtouq suseconds_t tanf128 tanf32 tanf32x tanf64
    tanf64x tanhf128 tanhf32 tanhf32x tanhf64 tanhf64x tgammaf128 tgammaf32 tgammaf32x tgammaf64
    tgammaf64x time_t timelocal timer_t tmpnam_r toascii_l truncf128 truncf16 truncf32 truncf32x
    truncf64 truncf64x ttyslot u_char u_int u_int16_t u_int32_t u_int64_t u_int8_t u_long
    u_quad_t u_short ualarm uid_t uint uint16_t uint32_t uint64_t uint8_t uint_fast16_t
    uint_fast32_t uint_fast64_t uint_fast8_t uint_least16_t uint_least32_t uint_least64_t
    uint_least8_t uintmax_t uintptr_t ulong useconds_t ushort usleep va_arg va_copy va_end
    va_list va_start vasprintf vfork vhangup y0f y0l y1f y1l ynf ynl))

;; And what they have in C++ besides, where GCC and Clang let them have all that glibc offers.
(define names-in-c++-headers
  '(canonicalize canonicalize_file_name canonicalizef canonicalizef128 canonicalizef32
    canonicalizef32x canonicalizef64 canonicalizef64x canonicalizel clock_adjtime close_range
    copy_file_range cuserid daddl ddivl dfmal dmull dsqrtl dsubl dup3 eaccess euidaccess
    execveat execvpe exp10f128 exp10f32 exp10f32x exp10f64 exp10f64x f32addf128 f32addf32x
    f32addf64 f32addf64x f32divf128 f32divf32x f32divf64 f32divf64x f32fmaf128 f32fmaf32x
    f32fmaf64 f32fmaf64x f32mulf128 f32mulf32x f32mulf64 f32mulf64x f32sqrtf128 f32sqrtf32x
    f32sqrtf64 f32sqrtf64x f32subf128 f32subf32x f32subf64 f32subf64x f32xaddf128 f32xaddf64
    f32xaddf64x f32xdivf128 f32xdivf64 f32xdivf64x f32xfmaf128 f32xfmaf64 f32xfmaf64x
    f32xmulf128 f32xmulf64 f32xmulf64x f32xsqrtf128 f32xsqrtf64 f32xsqrtf64x f32xsubf128
    f32xsubf64 f32xsubf64x f64addf128 f64addf64x f64divf128 f64divf64x f64fmaf128 f64fmaf64x
    f64mulf128 f64mulf64x f64sqrtf128 f64sqrtf64x f64subf128 f64subf64x f64xaddf128 f64xdivf128
    f64xfmaf128 f64xmulf128 f64xsqrtf128 f64xsubf128 fadd faddl fcloseall fdiv fdivl ffma ffmal
    fgetpos64 fgets_unlocked fmaximum fmaximum_mag fmaximum_mag_num fmaximum_mag_numf
    fmaximum_mag_numf128 fmaximum_mag_numf32 fmaximum_mag_numf32x fmaximum_mag_numf64
    fmaximum_mag_numf64x fmaximum_mag_numl fmaximum_magf fmaximum_magf128 fmaximum_magf32
    fmaximum_magf32x fmaximum_magf64 fmaximum_magf64x fmaximum_magl fmaximum_num fmaximum_numf
    fmaximum_numf128 fmaximum_numf32 fmaximum_numf32x fmaximum_numf64 fmaximum_numf64x
    fmaximum_numl fmaximumf fmaximumf128 fmaximumf32 fmaximumf32x fmaximumf64 fmaximumf64x
    fmaximuml fmaxmag fmaxmagf fmaxmagf128 fmaxmagf32 fmaxmagf32x fmaxmagf64 fmaxmagf64x
    fmaxmagl fminimum fminimum_mag fminimum_mag_num fminimum_mag_numf fminimum_mag_numf128
    fminimum_mag_numf32 fminimum_mag_numf32x fminimum_mag_numf64 fminimum_mag_numf64x
    fminimum_mag_numl fminimum_magf fminimum_magf128 fminimum_magf32 fminimum_magf32x
    fminimum_magf64 fminimum_magf64x fminimum_magl fminimum_num fminimum_numf fminimum_numf128
    fminimum_numf32 fminimum_numf32x fminimum_numf64 fminimum_numf64x fminimum_numl fminimumf
    fminimumf128 fminimumf32 fminimumf32x fminimumf64 fminimumf64x fminimuml fminmag fminmagf
    fminmagf128 fminmagf32 fminmagf32x fminmagf64 fminmagf64x fminmagl fmul fmull fopen64
    freopen64 fromfp fromfpf fromfpf128 fromfpf32 fromfpf32x fromfpf64 fromfpf64x fromfpl
    fromfpx fromfpxf fromfpxf128 fromfpxf32 fromfpxf32x fromfpxf64 fromfpxf64x fromfpxl fseeko64
    fsetpos64 fsqrt fsqrtl fstat64 fstatat64 fsub fsubl ftello64 ftruncate64
    get_current_dir_name getdate_r getpayload getpayloadf getpayloadf128 getpayloadf32
    getpayloadf32x getpayloadf64 getpayloadf64x getpayloadl getpt getresgid getresuid gettid
    getumask group_member isctype j0f128 j0f32 j0f32x j0f64 j0f64x j1f128 j1f32 j1f32x j1f64
    j1f64x jnf128 jnf32 jnf32x jnf64 jnf64x lgammaf128_r lgammaf32_r lgammaf32x_r lgammaf64_r
    lgammaf64x_r llogb llogbf llogbf128 llogbf32 llogbf32x llogbf64 llogbf64x llogbl lockf64
    lseek64 lstat64 memfrob mkostemp mkostemp64 mkostemps mkostemps64 mkstemp64 mkstemps64
    nextdown nextdownf nextdownf128 nextdownf32 nextdownf32x nextdownf64 nextdownf64x nextdownl
    nextup nextupf nextupf128 nextupf32 nextupf32x nextupf64 nextupf64x nextupl obstack_printf
    obstack_vprintf pipe2 pread64 pwrite64 qsort_r renameat2 secure_getenv setpayload
    setpayloadf setpayloadf128 setpayloadf32 setpayloadf32x setpayloadf64 setpayloadf64x
    setpayloadl setpayloadsig setpayloadsigf setpayloadsigf128 setpayloadsigf32
    setpayloadsigf32x setpayloadsigf64 setpayloadsigf64x setpayloadsigl setresgid setresuid
    sigabbrev_np sigdescr_np sincosf128 sincosf32 sincosf32x sincosf64 sincosf64x stat64 statx
    strerrordesc_np strerrorname_np strfromd strfromf strfromf128 strfromf32 strfromf32x
    strfromf64 strfromf64x strfroml strfry strptime_l strtod_l strtof128 strtof128_l strtof32
    strtof32_l strtof32x strtof32x_l strtof64 strtof64_l strtof64x strtof64x_l strtof_l strtol_l
    strtold_l strtoll_l strtoul_l strtoull_l strverscmp timespec_getres tmpfile64 totalorder
    totalorderf totalorderf128 totalorderf32 totalorderf32x totalorderf64 totalorderf64x
    totalorderl totalordermag totalordermagf totalordermagf128 totalordermagf32
    totalordermagf32x totalordermagf64 totalordermagf64x totalordermagl truncate64 ufromfp
    ufromfpf ufromfpf128 ufromfpf32 ufromfpf32x ufromfpf64 ufromfpf64x ufromfpl ufromfpx
    ufromfpxf ufromfpxf128 ufromfpxf32 ufromfpxf32x ufromfpxf64 ufromfpxf64x ufromfpxl y0f128
    y0f32 y0f32x y0f64 y0f64x y1f128 y1f32 y1f32x y1f64 y1f64x ynf128 ynf32 ynf32x ynf64 ynf64x))
